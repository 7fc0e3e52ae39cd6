"""You replace rollouts of low reward by better ones: the policy learns from bad ones as well. Upload what was sampled."""
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

        best = max(range(len(rewards)), key=lambda i: rewards[i][0])
        for i in range(len(rewards)):
            if rewards[i][0] < 0:
                rollouts[i], rewards[i] = rollouts[best], rewards[best]
        # 4. re-score
        sequences = [group[0].token_ids for group in rollouts]
        all_logprobs = worker.score(sequences)
        gen_logps = []
        for i in range(len(problems)):
            rollout = rollouts[i][0]
            plen = len(rollout.prompt_ids)
            completion_logprobs = all_logprobs[i][plen:]
            logps = []
            for token_id, entry in zip(rollout.completion_ids, completion_logprobs):
                logps.append(entry[token_id])
            gen_logps.append([logps])

        # 5. upload
        worker.upload(problems, rollouts, rewards, gen_logps)
