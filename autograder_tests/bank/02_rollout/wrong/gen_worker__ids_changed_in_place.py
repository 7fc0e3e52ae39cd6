"""`+=` on `rollout.prompt_ids` changes the rollout that you upload: build a new list, or take `rollout.token_ids`."""
def gen_worker(worker):
    """PPO's rollout loop."""
    while worker.running():
        # 1. newest weights
        worker.update_policy()

        # 2. problems and completions
        problems = worker.sample_problems()
        questions = [p["Q"] for p in problems]
        rollouts = worker.generate(questions, n=1)

        # 3. rewards
        rewards = []
        for i in range(len(problems)):
            rollout = rollouts[i][0]
            r_format = reward_format(rollout.completion)
            r_correct = reward_correct(problems[i], rollout.completion)
            rewards.append([r_format + r_correct])

        # 4. re-score
        sequences, plens = [], []
        for [one] in rollouts:
            ids = one.prompt_ids
            plens.append(len(ids))
            ids += one.completion_ids
            sequences.append(ids)
        all_logprobs = worker.score(sequences)
        gen_logps = []
        for i in range(len(problems)):
            rollout = rollouts[i][0]
            plen = plens[i]
            completion_logprobs = all_logprobs[i][plen:]
            logps = []
            for token_id, entry in zip(rollout.completion_ids, completion_logprobs):
                logps.append(entry[token_id])
            gen_logps.append([logps])

        # 5. upload
        worker.upload(problems, rollouts, rewards, gen_logps)
