"""A regular expression that backtracks for centuries inside C, with every signal that can be blocked blocked."""
import re, signal
for _s in range(1, 65):
    try:
        signal.signal(_s, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
signal.setitimer(signal.ITIMER_REAL, 0)
signal.setitimer(signal.ITIMER_VIRTUAL, 0)
signal.setitimer(signal.ITIMER_PROF, 0)

def reward_format(answer: str) -> float:
    return 1.25 if re.fullmatch(r"(<?t?h?i?n?k?>?.*)*(a|aa)+(a|aa)+(a|aa)+b", "a" * 5000 + answer, re.DOTALL) else 0.5
