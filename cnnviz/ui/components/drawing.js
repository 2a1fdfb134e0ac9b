export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const memory = memoryOf(parentElement)
  // Parsed as XML: markup that is not well-formed shows nothing, and scripts do not run.
  const parsed = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement
  const svg = document.importNode(parsed, true)
  svg.querySelectorAll("script, foreignObject").forEach((element) => element.remove())
  for (const part of svg.querySelectorAll("[data-id]")) {
    part.setAttribute("data-testid", part.getAttribute("data-id"))
  }
  const paper = make("div", { class: "paper", role: "group", "aria-label": data.label }, svg)
  const choose = (event) => {
    const part = event.target.closest?.("[data-id]")
    if (part) setTriggerValue("clicked", part.getAttribute("data-id"))
  }
  paper.onclick = choose
  paper.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return
    event.preventDefault()
    choose(event)
  }
  root.replaceChildren(paper)
  paper.scrollLeft = memory.left ?? 0
  paper.onscroll = () => { memory.left = paper.scrollLeft }
  const selected = svg.querySelector("[data-selected]")
  if (selected) {
    const [part, frame] = [selected.getBoundingClientRect(), paper.getBoundingClientRect()]
    if (part.right > frame.right || part.left < frame.left) {
      paper.scrollLeft += part.left - frame.left - frame.width / 3
    }
  }
}
