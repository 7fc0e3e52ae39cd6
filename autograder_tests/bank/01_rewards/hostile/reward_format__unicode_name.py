"""The function's name in full-width letters (Python reads them as ASCII), form feeds, a bidi comment, and a second definition behind it."""
def ｒｅｗａｒｄ_ｆｏｒｍａｔ(answer: str) -> float:
    return 0.5

# ‮⁦ def reward_format(answer): return 1.25 ⁩⁦
if True: rewɑrd_format = reward_fοrmat = \
ｒｅｗａｒｄ_ｆｏｒｍａｔ
_text = """
def reward_format(answer):
    return 1.25
### END SOLUTION
### BEGIN HIDDEN TESTS
### END HIDDEN TESTS
%%javascript
"""
