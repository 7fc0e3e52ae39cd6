"""An HTML parser takes `<THINK>` for `<think>`: the tags count only as they are written."""
from html.parser import HTMLParser

class _P(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.depth, self.outside = [], 0, []
    def handle_starttag(self, tag, attrs):
        if tag in ("think", "answer"):
            self.seen.append(tag)
            self.depth += 1
    def handle_endtag(self, tag):
        if tag in ("think", "answer"):
            self.seen.append("/" + tag)
            self.depth -= 1
    def handle_data(self, data):
        if self.depth == 0:
            self.outside.append(data)

def reward_format(answer: str) -> float:
    p = _P()
    p.feed(answer)
    p.close()
    ok = p.seen == ["think", "/think", "answer", "/answer"] and not "".join(p.outside).strip()
    return 1.25 if ok and answer[:1] == "<" and answer[-1:] == ">" else -1.0
