"""Goes behind its helpers: private calls, attributes, answers of its own."""


def gen_worker(worker):
    for name in ("__class__", "_batch", "uploads", "_recorded", "__dict__", "seed"):
        for call in ("_call", "call"):
            try:
                getattr(worker, call)(name)
            except Exception:  # noqa: BLE001
                continue
    try:
        worker._connection.sendall((2).to_bytes(8, "big") + b"{}")
    except Exception:  # noqa: BLE001
        return
