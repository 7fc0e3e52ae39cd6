"""generate(19,000 prompts, n=a text of 400,000 characters): n * len(prompts) would be a text of 7.6 GB in the grader."""


def gen_worker(worker) -> None:
    worker.generate([""] * 19_000, n="x" * 400_000)
