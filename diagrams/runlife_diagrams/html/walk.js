// The keyboard's way through the picture. It is one stop of the Tab key; from a status, its ways out lie to
// the right and its ways in to the left, in the order of the table, and Enter goes along to the other end.
function makeWalk(model, svg, stage, view) {
  const start = model.nodes.find((part) => part.group.matches(".initial"));
  let at = start;
  let hub = start; // the status that is walked around

  svg.setAttribute("role", "group");
  svg.setAttribute("aria-roledescription", "state diagram");
  svg.setAttribute("aria-describedby", "how");
  for (const part of model.parts.values()) {
    // The title becomes the name: as a title it would lie over the picture when the pointer rests.
    const title = part.group.querySelector(":scope > title");
    part.group.setAttribute("role", "button");
    part.group.setAttribute("aria-label", title?.textContent ?? part.id);
    part.group.setAttribute("aria-pressed", "false");
    part.group.setAttribute("tabindex", part === at ? "0" : "-1");
    title?.remove();
  }

  function go(part) {
    part.group.focus({ preventScroll: true });
    view.reveal(part.group);
  }

  stage.addEventListener("focusin", (event) => {
    const part = model.holding(event.target);
    if (!part) return;
    at.group.setAttribute("tabindex", "-1");
    at = part;
    at.group.setAttribute("tabindex", "0");
    if (at.kind === "node") hub = at;
    else if (at.kind === "edge" && at.source !== hub && at.target !== hub) hub = at.source;
  });

  // [..., second way in, first way in, the status, first way out, second way out, ...]
  function step(by) {
    const line = [...hub.in.filter((edge) => edge.source !== hub).reverse(), hub, ...hub.out];
    const next = line[line.indexOf(at) + by];
    if (next) go(next);
  }

  const keys = {
    ArrowRight: () => step(1),
    ArrowDown: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowUp: () => step(-1),
    Home: () => go(start),
    Enter: () => {
      if (at.kind === "edge") go(at.target === hub ? at.source : at.target);
      else at.group.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    },
    " ": () => at.group.dispatchEvent(new MouseEvent("click", { bubbles: true })),
  };
  svg.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || !model.holding(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  return { go };
}
