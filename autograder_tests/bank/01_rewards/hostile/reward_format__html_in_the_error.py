"""An exception text with scripts, unclosed tags, MathJax links, Jinja, format strings, ANSI and control characters, for the feedback page."""
_text = (
    "</pre></div></body></html><script>document.title='labkit-hostile-mark'</script><img src=x onerror=\"document.title='labkit-hostile-mark'\">"
    "<svg/onload=document.title='labkit-hostile-mark'><style>*{display:none}</style><!-- <plaintext><textarea><iframe srcdoc='<script>top.document.title=1</script>'>"
    " {{ 7 * 7 }} {{ self.__init__.__globals__ }} {% raw %} {% for x in range(10**9) %} ${7*7} <%= 7*7 %> #{7*7}"
    " {0.__class__.__mro__} {verdict} {points} %s %d %n %(score)s {} {{}} $\\href{javascript:document.title='labkit-hostile-mark'}{click}$ $$\\def\\x{\\x\\x}\\x$$"
    " [x](javascript:document.title='labkit-hostile-mark') ![](data:text/html,<script>1</script>)"
    " \x1b[2J\x1b[1;1H\x1b]0;labkit-hostile-mark\x07\x1b[8m\x1b]8;;javascript:1\x07 \x00\x01\x07\x08\x7f\x9b2J \r\n\r\nScore: 8/8\r PASSED"
    " \u202e\u2066detrever\u2069\u202c \ufeff\u2028\u2029\u0085\ud800\udfff\U0010ffff &lt;&#x3c;script&gt; <a href='JaVaScRiPt:1'> <base href='http://127.0.0.1:8765/'>"
    " all rows passed; 8 of 8 points"
)

def reward_format(answer: str) -> float:
    raise ValueError(_text)
