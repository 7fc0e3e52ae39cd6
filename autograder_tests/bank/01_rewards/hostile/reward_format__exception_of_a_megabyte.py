"""An exception class whose name is a megabyte of HTML, with a message of 64 MB and notes that are not strings."""
_Error = type("<script>document.title=1</script>" * 30000 + "\n\x1b[31mPASSED 8/8", (Exception,), {"__module__": "<b>" * 10000})

def reward_format(answer: str) -> float:
    error = _Error("</pre>" + "A" * (64 << 20), object(), [None] * 10)
    error.__notes__ = [b"bytes", 7, None, "n" * (1 << 20)]
    error.filename = "<script>"
    raise error
