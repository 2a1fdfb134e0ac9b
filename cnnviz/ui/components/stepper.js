// Whoever is in one of these has a use of their own for the keys.
const TYPING = new Set(["INPUT", "TEXTAREA", "SELECT"])
const ROLES = new Set(["textbox", "combobox", "listbox", "option", "slider", "menu", "menuitem",
  "radio", "radiogroup", "tab", "grid", "dialog", "spinbutton"])
const BUSY_MS = 2500 // so long a page may still be drawing an image that was left meanwhile

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  const { near, first, words } = data
  // Several quick steps: the page comes after, and must not take anybody back.
  const behind = memory.wanted !== undefined && memory.wanted !== data.index
    && Date.now() - memory.steppedAt < BUSY_MS && near.includes(memory.wanted)
  if (!behind) memory.wanted = data.index
  const position = () => near.indexOf(memory.wanted)

  const place = make("span", { class: "place", "aria-live": "polite", "data-testid": "step-place" })
  const button = (name, text, act) => make("button", { type: "button", class: "pill",
    "data-testid": `step-${name}`, "aria-label": words[name], onclick: act }, text)
  const back = button("previous", `← ${words.previous}`, () => step(-1))
  const on = button("following", `${words.following} →`, () => step(1))
  const close = button("close", `✕ ${words.close}`, () => setTriggerValue("close", true))
  const update = () => {
    const at = position()
    place.textContent = at < 0 ? words.outside
      : filled(words.place, { n: (first + at + 1).toLocaleString("en"),
        count: data.count.toLocaleString("en") })
    back.disabled = at <= 0
    on.disabled = at < 0 ? !near.length : at + 1 >= near.length
  }
  const step = (by) => {
    const at = position()
    const next = at < 0 ? (by > 0 ? 0 : -1) : at + by
    if (next < 0 || next >= near.length) return
    Object.assign(memory, { wanted: near[next], steppedAt: Date.now() })
    update()
    setTriggerValue("step", near[next])
  }
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    if (event.defaultPrevented || event.composedPath().some(occupied)) return
    if (document.querySelector('[role="dialog"], [data-baseweb="popover"] [role="listbox"]')) return
    const act = { ArrowLeft: () => step(-1), ArrowRight: () => step(1),
      Escape: () => setTriggerValue("close", true),
      m: () => setTriggerValue("mark", memory.wanted) }[event.key.length === 1
      ? event.key.toLowerCase() : event.key]
    if (!act || (event.repeat && event.key === "m")) return
    event.preventDefault()
    act()
  }
  const occupied = (node) => TYPING.has(node.tagName) || node.isContentEditable
    || ROLES.has(node.getAttribute?.("role"))

  const held = parentElement.getRootNode().activeElement?.dataset?.testid
    ?? root.getRootNode().activeElement?.dataset?.testid
  update()
  root.replaceChildren(make("div", { class: "row", role: "toolbar" }, back, place, on, close,
    make("span", { class: "keys" }, words.keys)))
  if (held?.startsWith("step-")) root.querySelector(`[data-testid="${held}"]`)?.focus()

  document.removeEventListener("keydown", memory.listener)
  memory.listener = pressed
  document.addEventListener("keydown", pressed)
  if (!memory.brought) {
    memory.brought = true
    // The image may be opened from far below: bring it to where it can be seen whole.
    requestAnimationFrame(() => {
      const { top } = root.getBoundingClientRect()
      if (top < 60 || top > 0.35 * window.innerHeight) {
        root.scrollIntoView({ block: "start", behavior: "instant" })
      }
    })
  }
  return atTheEnd(memory, () => document.removeEventListener("keydown", memory.listener))
}
