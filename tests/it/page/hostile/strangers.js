// Finds the parts of a document that neither a template wrote nor, in a mail's frame, the filter allows.
(() => {
    const isMail = location.pathname.endsWith("/html");
    const words = (text) => new Set(text.trim().split(/\s+/));
    const tags = words(isMail ? `html head meta title style body
        a abbr acronym address article aside b bdi big blockquote br caption center cite code col colgroup data dd del details
        dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd label li main mark nav
        nobr ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time
        tr tt u ul var wbr`
        : `html head meta title link script body a br button datalist dd details div dl dt fieldset figcaption figure footer form
        g h1 h2 h3 header iframe img input label legend li main nav noscript ol option p pre rect section select span strong
        summary svg table tbody td th thead time tr ul wbr`);
    const attributes = words(isMail ? `align alt bgcolor border cellpadding cellspacing charset color colspan content dir face
        height href lang name nowrap rel reversed rowspan size span src start style target title type valign value width`
        : `action alt aria-current aria-describedby aria-hidden aria-label aria-labelledby aria-live autocapitalize autocomplete autofocus
        charset checked class content data-copy data-done data-label data-sure data-zone defer disabled download for height
        hidden href hx-get hx-swap hx-target hx-trigger id inputmode lang list method minlength name placeholder
        preserveAspectRatio rel required role sandbox scope selected spellcheck src tabindex title type value viewBox width x y`);
    // The elements and attributes that could run something.
    const places = isMail ? { meta: "head > meta", style: "head > style" } : {
        meta: "head > meta", link: "head > link", script: "head > script[src^='/assets/']", title: "head > title, svg title",
        img: "header img[src^='/assets/']", iframe: "iframe.mail[sandbox][src^='/messages/']", svg: "figure > svg",
    };
    const leadsAway = (name, value) => {
        if (isMail) {
            return name === "href" ? !/^(https?:|mailto:)/.test(value)
                : name === "src" ? !/^data:image\/(png|jpeg|gif|webp);base64,/.test(value)
                : name === "style" && /[\\]|\/\*|url|expression|import|image-set/i.test(value);
        }
        return ["action", "href", "hx-get", "src"].includes(name)
            && (!URL.canParse(value, location.href) || new URL(value, location.href).origin !== location.origin);
    };
    const isStrange = (element) => {
        const tag = element.localName;
        return !tags.has(tag) || (tag in places && !element.matches(places[tag]))
            || [...element.attributes].some(({ name, value }) => !attributes.has(name) || leadsAway(name, value));
    };
    const found = [...document.querySelectorAll("*")].filter(isStrange).map((one) => one.outerHTML.slice(0, 200));
    // A mail's frame has the title "-", and no title of our own is a number.
    return found.concat(globalThis.__xss ?? [], /^\d+$/.test(document.title) ? `title ${document.title}` : []);
})()
