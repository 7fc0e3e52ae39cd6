"""Never answers, and swallows whatever should interrupt it."""
import signal


def reward_format(answer):
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001
            continue
