"""Strings with markup, ANSI and surrogates as the answer itself (a table that shows 'yours' must escape them), and in printed output."""
import sys
_cells = ["<script>document.title='labkit-hostile-mark'</script>", "</td></tr></table><h1>8 / 8 points</h1>", "\ud800", "\x1b[2J", "\x00", "| 1.25 | ok |\n|---|",
          "{{ 7*7 }}", "%s%n", "1.25\u200b", "\uff11.\uff12\uff15", "1_2_5e-2", " 1.25 ", "+1.25", "0x1.4p+0", "1,25", "\u0661.\u0662\u0665", "\N{RIGHT-TO-LEFT OVERRIDE}52.1", "<!--", "`1.25`", "$$1.25$$"]
_n = 0

def reward_format(answer: str) -> float:
    global _n
    _n += 1
    text = _cells[_n % len(_cells)]
    print(text.encode("utf-8", "replace").decode(), file=sys.stderr)
    print("<script>document.title='labkit-hostile-mark'</script></pre>\r\x1b[1A\x1b[2K 8/8 points")
    return text
