// What a criterion of RGAA can ask about a page as it is, collected once: () => facts. Texts have their blanks folded.
() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = (node) => (node.textContent || "").replace(/\s+/g, " ").trim();
  const shown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false });
  const byIds = (ids) => (ids || "").split(/\s+/).filter(Boolean).map((id) => document.getElementById(id));
  const place = (node) => { const box = node.getBoundingClientRect(); return { top: box.top, left: box.left, bottom: box.bottom }; };
  const nameOf = (node) => byIds(node.getAttribute("aria-labelledby")).filter(Boolean).map(words).join(" ")
    || node.getAttribute("aria-label") || words(node) || all("img[alt]", node).map((one) => one.alt).join(" ");
  const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([red, green, blue]) => [red, green, blue].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(rgb(one)), luminance(rgb(other))].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const [, , , alpha = 1] = rgb(getComputedStyle(one).backgroundColor);
      if (alpha > 0) return getComputedStyle(one).backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  // The edge of a field: its lower border against what is around it, or its own ground against that.
  const edge = (node) => {
    const style = getComputedStyle(node);
    const around = ground(node.parentElement);
    const border = parseFloat(style.borderBottomWidth) ? contrast(style.borderBottomColor, around) : 1;
    return Math.max(border, contrast(ground(node), around));
  };
  const typed = all("input:not([type=hidden]), select, textarea").filter(shown);
  return {
    title: document.title,
    lang: document.documentElement.lang,
    doctype: document.doctype ? document.doctype.name + document.doctype.publicId : "",
    mode: document.compatMode,
    text: words(document.body),
    main: document.querySelector("main").innerText,
    headings: all("h1, h2, h3, h4, h5, h6").filter(shown).map((one) => ({ level: Number(one.tagName[1]), text: words(one) })),
    landmarks: ["body > header", "nav", "main", "body > footer"].map((one) => all(one).filter(shown).length),
    navigations: all("nav").filter(shown).map(nameOf),
    services: all(".services-nav a").map((one) => one.getAttribute("href")),
    footer: all("body > footer a").map((one) => one.getAttribute("href")),
    images: all("img").map((one) => ({ id: one.id, alt: one.getAttribute("alt"), title: one.title, linked: Boolean(one.closest("a")) })),
    pictures: all("svg, canvas, object, embed, area, input[type=image], [role=img], figure, picture").map((one) => one.tagName),
    backgrounds: all("body *").filter((one) => !["none", ""].includes(getComputedStyle(one).backgroundImage)).map((one) => one.outerHTML.slice(0, 90)),
    frames: all("iframe, frame, frameset").length,
    tables: all("table, [role=table], [role=grid]").length,
    quotations: all("q, blockquote").length,
    media: all("audio, video, bgsound, marquee, blink").map((one) => ({
      tag: one.tagName, controls: one.controls, starts: one.autoplay, name: nameOf(one),
    })),
    links: all("a[href]").filter(shown).map((one) => ({
      name: nameOf(one), href: one.getAttribute("href"), target: one.target, lang: one.lang,
      title: one.title, inText: Boolean(one.closest("main p, main dd, main li")) && !one.matches(".btn, .tiles h2 a"),
      underlined: getComputedStyle(one).textDecorationLine.includes("underline"),
    })),
    buttons: all("button, input[type=submit], [role=button]").filter(shown).map((one) => ({
      name: nameOf(one) || one.value, tag: one.tagName, hidden: one.getAttribute("aria-hidden") === "true",
    })),
    fields: typed.map((one) => ({
      name: one.name || one.id, type: one.type, label: (one.labels && one.labels[0] ? words(one.labels[0]) : ""),
      isLabelShown: Boolean(one.labels && one.labels[0] && shown(one.labels[0])),
      required: one.required, described: byIds(one.getAttribute("aria-describedby")).map((by) => (by ? words(by) : "?")),
      invalid: one.getAttribute("aria-invalid"), autocomplete: one.getAttribute("autocomplete"),
      group: one.closest("fieldset") ? words(one.closest("fieldset").querySelector("legend")) : "",
      place: place(one), labelPlace: one.labels && one.labels[0] ? place(one.labels[0]) : null, edge: edge(one),
    })),
    groups: all("fieldset").filter(shown).map((one) => words(one.querySelector("legend") || one.firstElementChild)),
    choices: all("optgroup, select, [role=listbox]").length,
    errors: all(".field-error").map(words),
    summary: all("[role=alert] li").map((one) => ({ text: words(one), to: one.querySelector("a") ? one.querySelector("a").hash : "" })),
    statuses: all("[role=status], [role=alert], [aria-live]").length,
    languages: all("[lang]").filter((one) => one !== document.documentElement).map((one) => ({ lang: one.lang, text: words(one) })),
    directions: all("[dir], bdo").length,
    presentational: all("basefont, big, center, font, tt, u, strike, blink, marquee, [align], [bgcolor], [style]")
      .filter((one) => one.hasAttribute("align") || one.hasAttribute("bgcolor") || !one.hasAttribute("style")).map((one) => one.outerHTML.slice(0, 90)),
    empty: all("p, li, h1, h2, h3, h4, dt, dd").filter((one) => shown(one) && !words(one) && !one.matches("[role=status], :has([role=status], img, input, button)"))
      .map((one) => one.outerHTML.slice(0, 90)),
    listFaults: all("ul > :not(li), ol > :not(li), dl > :not(dt, dd, div)").map((one) => one.outerHTML.slice(0, 90))
      .concat(all("li").filter((one) => !one.parentElement.matches("ul, ol")).map((one) => one.outerHTML.slice(0, 90))),
    imitations: all("main p, main div").filter((one) => /^\s*[-–•*]\s/.test(one.textContent) && !one.children.length).map(words),
    orders: all("[tabindex]").filter((one) => one.tabIndex > 0).length,
    shortcuts: all("[accesskey]").length,
    handlers: all("*").filter((one) => [...one.attributes].some((name) => name.name.startsWith("on"))).length,
    imitated: all("[role=button], [role=link], [role=checkbox], [role=tab], [role=menu], [contenteditable]").map((one) => one.outerHTML.slice(0, 90)),
    refreshes: all("meta[http-equiv]").length,
    movements: document.getAnimations().length,
    tooltips: all("[title]").filter((one) => one !== document.head.querySelector("title")).map((one) => one.outerHTML.slice(0, 90)),
    skip: (() => { const one = document.querySelector("a[href]"); return { href: one.getAttribute("href"), to: Boolean(document.querySelector(one.hash || "nothing")) }; })(),
    hiddenFocusable: all("[aria-hidden=true]").filter((one) => shown(one) && (one.tabIndex >= 0 || all("a, button, input", one).some((inner) => inner.tabIndex >= 0)))
      .map((one) => one.outerHTML.slice(0, 90)),
    isStyled: document.styleSheets.length > 0 && getComputedStyle(document.body).color !== "" && ground(document.body) !== "",
  };
}
