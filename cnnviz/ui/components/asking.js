// What asks the server again and again, without ever asking twice at once.

const HIDDEN_S = 15 // nobody looks: often enough to hear of the end
const SLOWEST_S = 10 // while the server does not answer
const PATIENCE_MS = 8000

// `ask` is called about every `every()` seconds, a little different each time, so that sixty pages
// do not ask in step. While it fails it is called ever less often. `failed` hears how many times in
// a row it has failed, 0 when all is well again. Returns what ends it.
const askAgainAndAgain = (ask, every, failed) => {
  let [timer, failures, busy, over] = [null, 0, false, false]
  const wait = () => {
    if (failures) return Math.min(SLOWEST_S, 2 ** (failures - 1))
    return document.hidden ? HIDDEN_S : every()
  }
  const turn = async () => {
    clearTimeout(timer)
    if (busy || over) return
    busy = true
    try {
      await ask()
      if (failures && !over) failed(0)
      failures = 0
    } catch {
      failures += 1
      if (!over) failed(failures)
    }
    busy = false
    if (!over) timer = setTimeout(turn, 1000 * wait() * (0.9 + 0.2 * Math.random()))
  }
  const back = () => {
    if (!document.hidden) turn()
  }
  document.addEventListener("visibilitychange", back)
  window.addEventListener("online", back)
  turn()
  return () => {
    over = true
    clearTimeout(timer)
    document.removeEventListener("visibilitychange", back)
    window.removeEventListener("online", back)
  }
}

// One question: what is new since `after` (null where nothing is), whether it is this page's turn
// to be drawn again, and whether the thing is gone.
const question = async (address, parameters) => {
  const found = await fetch(`${address}?${new URLSearchParams(parameters)}`, {
    cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) })
  if (found.status === 404) return { news: null, turn: true, gone: true }
  if (!found.ok) throw new Error(found.status)
  const news = found.status === 204 ? null : await found.json()
  return { news, turn: found.headers.has("X-Turn"), gone: false }
}
