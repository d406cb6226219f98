// What is chosen lights up, in the picture and in the tables, and the panel tells of it.
// The pointer and the focus choose for a moment; a click pins, until Escape or the next click.
function makeChooser(model, svg, stage, panel, say) {
  const idle = [...panel.childNodes];
  let pinned = null;
  let focused = null;
  let shown = null;

  const link = (part, ...words) => make("a", { href: `#${part.id}` }, ...words);
  const copy = (nodes) => [...nodes].map((node) => node.cloneNode(true));
  const name = (part) => link(part, ...copy([part.name]));

  // The cells of a table's line under its headings, but for those that are empty.
  function facts(row) {
    const heads = row.line.closest("table").tHead.rows[0].cells;
    const list = make("dl", {});
    for (const cell of [...row.line.cells].slice(3)) {
      if (cell.matches(".none")) continue;
      list.append(
        make("dt", {}, heads[cell.cellIndex].textContent),
        make("dd", {}, ...copy(cell.childNodes)),
      );
    }
    return list;
  }

  function told(row) {
    const { source, target } = row.edge;
    return make(
      "section",
      {},
      make("h2", {}, ...copy(row.event.childNodes)),
      make("p", { class: "way" }, name(source), " → ", name(target)),
      facts(row),
    );
  }

  function ways(title, edges, far) {
    if (edges.length === 0) return [];
    const lines = edges.flatMap((edge) =>
      edge.rows.map((row) =>
        make("li", { class: row.cause }, link(edge, ...copy(row.event.childNodes)), far.arrow, name(far.end(edge))),
      ),
    );
    return [make("h3", {}, title), make("ul", {}, ...lines)];
  }

  function tell(part) {
    if (part === null) return panel.replaceChildren(...idle);
    if (part.kind !== "node") return panel.replaceChildren(...part.rows.map(told));
    panel.replaceChildren(
      make("h2", {}, ...copy(part.title)),
      ...ways("Out", part.out, { arrow: " → ", end: (edge) => edge.target }),
      ...ways("In", part.in, { arrow: " ← ", end: (edge) => edge.source }),
    );
  }

  function show(part) {
    if (part === shown) return;
    shown = part;
    for (const lit of document.querySelectorAll(".lit, .chosen")) lit.classList.remove("lit", "chosen");
    svg.classList.toggle("telling", part !== null);
    if (part) {
      for (const one of around(part)) one.group.classList.add("lit");
      for (const row of part.rows) row.line.classList.add("lit");
      part.line?.classList.add("lit");
      part.group.classList.add("chosen");
    }
    tell(part);
  }

  function pin(part) {
    pinned?.group.setAttribute("aria-pressed", "false");
    pinned = part;
    pinned?.group.setAttribute("aria-pressed", "true");
    show(pinned ?? focused);
  }

  // What the name of a part leaves out, for who listens.
  function spoken(part) {
    if (part.kind === "node") return `${part.out.length} out, ${part.in.length} in`;
    const effects = part.rows.map((row) => row.line.cells[5]).filter((cell) => !cell.matches(".none"));
    return effects.map((cell) => cell.textContent).join("; ");
  }

  svg.addEventListener("pointerover", (event) => pinned ?? show(model.holding(event.target) ?? focused));
  svg.addEventListener("pointerleave", () => show(pinned ?? focused));
  // An SVG that listens for the focus itself would be a stop of the Tab key: its frame listens.
  stage.addEventListener("focusin", (event) => {
    focused = model.holding(event.target);
    if (focused === null) return;
    if (pinned && pinned !== focused) pin(null);
    show(focused);
    say(spoken(focused));
  });
  stage.addEventListener("focusout", (event) => {
    focused = null;
    // On the way into the panel, what it tells of stays.
    if (!panel.contains(event.relatedTarget)) show(pinned);
  });
  panel.addEventListener("focusout", (event) => {
    if (!panel.contains(event.relatedTarget) && !svg.contains(event.relatedTarget)) show(pinned);
  });
  svg.addEventListener("click", (event) => {
    const part = model.holding(event.target);
    pin(part === pinned ? null : part);
  });

  function free() {
    pin(null);
    show(null);
  }

  return { pin, free };
}
