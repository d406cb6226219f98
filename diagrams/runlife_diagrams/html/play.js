// A path, step by step. The list of the steps is in the page; here it gets buttons, and the picture follows.
function makePlayer(model, svg, list, controls, still, say) {
  const steps = [...list.children].map((item) => ({
    item,
    row: item.dataset.row,
    edge: model.part(item.dataset.row),
    source: model.part(item.dataset.source),
    target: model.part(item.dataset.target),
  }));
  const figure = svg.querySelector(".figure");
  const token = document.createElementNS(svg.namespaceURI, "circle");
  token.setAttribute("class", "token");
  token.setAttribute("r", "6");
  const pause = 1100;
  let at = steps.length;
  let waiting = null;
  let rolling = 0;

  // The picture after `at` steps: classes as they are drawn for a whole path.
  function paint() {
    for (const element of figure.querySelectorAll(".marked")) {
      element.classList.remove("marked", "visited", "current", "taken");
    }
    steps[0].source.group.classList.add("marked", "visited");
    for (const { row, edge, target } of steps.slice(0, at)) {
      for (const part of [edge, edge.bundle]) part?.group.classList.add("marked", "taken");
      for (const label of figure.querySelectorAll(`[data-row="${row}"]`)) label.classList.add("marked", "taken");
      target.group.classList.add("marked", "visited");
    }
    (at === 0 ? steps[0].source : steps[at - 1].target).group.classList.add("current");
    svg.classList.toggle("playing", at < steps.length);
    for (const [index, { item }] of steps.entries()) {
      if (index === at - 1) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    controls.querySelector("output").textContent = `${at} of ${steps.length}`;
    controls.querySelector("[data-do=back]").disabled = at === 0;
    controls.querySelector("[data-do=on]").disabled = at === steps.length;
    controls.querySelector("[data-do=play]").setAttribute("aria-pressed", String(waiting !== null));
  }

  // A dot runs along the line of a step.
  function roll({ edge }) {
    cancelAnimationFrame(rolling);
    token.remove();
    if (still.matches) return;
    const groups = [edge.group, edge.bundle?.group].filter(Boolean);
    const lines = groups.flatMap((group) => [...group.querySelectorAll("path.line")]);
    const lengths = lines.map((line) => line.getTotalLength());
    const whole = lengths.reduce((sum, length) => sum + length, 0);
    let began;
    const move = (now) => {
      began ??= now;
      let left = Math.min((now - began) / (pause * 0.7), 1) * whole;
      const index = lengths.findIndex((length) => left <= length || !(left -= length));
      if (now - began > pause * 0.7 || index < 0) return token.remove();
      const point = lines[index].getPointAtLength(left);
      token.setAttribute("cx", point.x);
      token.setAttribute("cy", point.y);
      rolling = requestAnimationFrame(move);
    };
    figure.append(token);
    rolling = requestAnimationFrame(move);
  }

  function to(number) {
    at = Math.min(Math.max(number, 0), steps.length);
    paint();
    say(at === 0 ? "before the first step" : `step ${steps[at - 1].item.textContent}`);
  }

  function on() {
    if (at === steps.length) return;
    roll(steps[at]);
    to(at + 1);
  }

  function stop() {
    clearTimeout(waiting);
    waiting = null;
    paint();
  }

  function play() {
    if (waiting !== null) return stop();
    const next = () => {
      if (at === steps.length) return stop();
      waiting = setTimeout(next, pause);
      on();
    };
    if (at === steps.length) to(0);
    waiting = setTimeout(next, at === 0 ? pause / 2 : 0);
    paint();
  }

  const acts = {
    first: () => (stop(), to(0)),
    back: () => (stop(), to(at - 1)),
    play,
    on: () => (stop(), on()),
    last: () => (stop(), to(steps.length)),
  };
  controls.addEventListener("click", (event) => acts[event.target.closest("button")?.dataset.do]?.());
  list.addEventListener("click", (event) => {
    const index = steps.findIndex(({ item }) => item.contains(event.target));
    if (index < 0) return;
    event.preventDefault();
    stop();
    to(index + 1);
  });
  paint();
  return acts;
}
