/** Tokens, for every root of the widget. `all: initial` with `important` wins over whatever the page says of `*`. */
const TOKENS = `
:host{all:initial!important;position:absolute!important;top:0!important;left:0!important;width:0!important;height:0!important;display:block!important;
--bound:#4caf50;--glow:0 0 8px rgba(76,175,80,.3);--own:#ff9800;--other:#f44336;--off:#ff9800;
--bound-ink:#1b5e20;--bound-tint:#e8f5e9;--own-ink:#8a3c00;--own-tint:#fff3e0;--other-ink:#b71c1c;--other-tint:#ffebee;--info-ink:#0b4f93;--info-tint:#e6f0fa;
--n1:#f6f8f9;--n2:#e9edf0;--n3:#cfd7dd;--n4:#7b8893;--n5:#55616c;--n6:#1f2a33;--focus:#0b57a4;
--tag-shadow:0 1px 2px rgba(15,30,45,.22);--pop:0 4px 16px rgba(15,30,45,.18),0 0 0 1px rgba(15,30,45,.08);
--font:"Inter",system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
--emoji:"Noto Color Emoji","Apple Color Emoji","Segoe UI Emoji",sans-serif}
@media(forced-colors:active){:host{--bound:Highlight;--own:Highlight;--other:CanvasText;--off:Highlight;--glow:none}}
@media print{:host{display:none!important}}
*{box-sizing:border-box}
svg{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;flex:none}
.av{width:24px;height:24px;border-radius:50%;display:inline-grid;place-items:center;color:#fff;font:700 10px/1 var(--font);letter-spacing:.02em;box-shadow:0 0 0 1.5px #fff,0 1px 3px rgba(15,30,45,.35);flex:none}
.av+.av{margin-left:-5px}
.av.more{background:#fff;color:var(--n6);box-shadow:0 0 0 1.5px var(--n4)}
button{font:600 12px/1 var(--font);color:var(--n6);cursor:pointer}
button:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.b{min-height:28px;padding:0 10px;border-radius:6px;border:1px solid var(--n4);background:#fff;white-space:nowrap}
.ib{margin-left:auto;width:28px;height:28px;padding:0;border:0;background:none;border-radius:6px;display:grid;place-items:center;color:var(--n5)}
.ib:hover{background:var(--n2)}.ib svg{width:16px;height:16px}
.lk{border:0;background:none;color:var(--info-ink);font:600 12px/24px var(--font);padding:0 2px;text-decoration:underline;text-underline-offset:2px}
@media(pointer:coarse){.b,.ib,.lk{min-height:44px;min-width:44px}}
`

/** Look of what is drawn around fields (G5). Values that the specification states are kept to the digit. */
export const FIELD_STYLES = `${TOKENS}
.d{position:absolute;pointer-events:none}.d[hidden]{display:none}
.ring{position:absolute;inset:-2px;border:2px solid var(--bound);box-shadow:var(--glow);z-index:var(--z)}
.own .ring{border-color:var(--own);box-shadow:0 0 8px rgba(255,152,0,.3)}
.other .ring{border-color:var(--other);box-shadow:0 0 8px rgba(244,67,54,.25);background:repeating-linear-gradient(135deg,rgba(183,28,28,.055) 0 5px,transparent 5px 10px)}
.offline .ring{border:2px dashed var(--off);box-shadow:none}
.flash{position:absolute;inset:0;background:#c8e6c9;mix-blend-mode:multiply;opacity:0;z-index:var(--z)}
.cl{position:absolute;right:6px;top:-13px;display:flex;gap:3px;align-items:center;height:20px;pointer-events:auto;z-index:var(--z)}
.mini .cl{right:-6px;top:-10px}.box .cl{right:auto;left:calc(100% + 5px);top:50%;margin-top:-10px}
.cut .cl,.cut .beside{display:none}
.bd{position:relative;width:20px;height:20px;border-radius:50%;background:#fff;border:1.5px solid var(--bound);display:grid;place-items:center;font:11px/1 var(--emoji);box-shadow:var(--tag-shadow)}
.bd::after{content:"";position:absolute;inset:-4px;border-radius:50%}
.mini .bd{width:15px;height:15px;font-size:8px;border-width:1px;box-shadow:none}
.tg{display:inline-flex;align-items:center;gap:4px;height:20px;padding:0 7px 0 5px;border-radius:10px;background:#fff;border:1.5px solid var(--bound);font:600 12px/17px var(--font);color:var(--bound-ink);white-space:nowrap;box-shadow:var(--tag-shadow)}
.tg i{font:normal 11px/1 var(--emoji)}.tg svg{width:13px;height:13px}
.tg.own{border-color:var(--own);color:var(--own-ink)}.tg.other{border-color:var(--other);color:var(--other-ink)}
.tg.here{border-color:var(--own);border-style:dashed;color:var(--own-ink)}
.tg.no{background:var(--own-ink);border-color:var(--own-ink);color:#fff}
.people{display:flex}.people .av{transition:opacity 1.2s}.people .av.out{opacity:0}
.cl .av{width:20px;height:20px;font-size:8px}
.beside{position:absolute;left:calc(100% + 8px);top:3px;display:flex;pointer-events:auto;z-index:var(--z)}
.strip{position:absolute;top:calc(100% + 6px);left:0;display:flex;gap:7px;align-items:center;min-width:min(300px,90vw);background:var(--other-tint);color:var(--other-ink);border-radius:0 0 8px 8px;padding:4px 5px 4px 9px;font:500 12px/1.3 var(--font);box-shadow:0 0 0 1px #e7b3b3;pointer-events:auto;z-index:var(--z)}
.strip svg{width:15px;height:15px}.strip span{flex:1;overflow-wrap:anywhere}.strip .ib{margin:0;color:inherit}
@media(forced-colors:active){.own .ring{border-width:4px;inset:-4px}.other .ring{border:4px double var(--other);inset:-4px;background:none}.flash{forced-color-adjust:none}}
@media(prefers-reduced-motion:reduce){.people .av{transition:none}}
`

/** Look of the panel, the tooltip and the announcements. */
export const PANEL_STYLES = `${TOKENS}
.corner{position:fixed;right:20px;bottom:20px;z-index:2147482000;display:flex;flex-direction:column;align-items:flex-end;gap:8px;max-width:calc(100vw - 24px)}
.corner.left{right:auto;left:20px;align-items:flex-start}
.pn{width:304px;max-width:100%;max-height:calc(100vh - 40px);overflow:auto;background:#fff;color:var(--n6);border-radius:10px;box-shadow:var(--pop);font:400 13px/1.45 var(--font)}
[hidden]{display:none!important}
header{display:flex;align-items:center;gap:8px;padding:8px 8px 8px 14px}
header b{font:650 13px/1.3 var(--font);white-space:nowrap}
header div{min-width:0;flex:1;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header .sub{color:var(--n5);font-size:12px}
.dot{width:10px;height:10px;border-radius:50%;background:var(--bound);box-shadow:0 0 0 2px #fff,0 0 0 3px #2e7d32;flex:none;margin-right:2px}
.dot.off{background:#fff;box-shadow:inset 0 0 0 2px var(--own-ink),0 0 0 2px #fff}
.dot.sync{background:linear-gradient(90deg,#4caf50 50%,#fff 50%);box-shadow:0 0 0 1.5px #2e7d32}
.dot.warn{border-radius:2px;transform:rotate(45deg);background:var(--own);box-shadow:0 0 0 1.5px var(--own-ink)}
.st{display:flex;gap:9px;align-items:flex-start;padding:8px 14px;font:500 12.5px/1.4 var(--font);background:var(--bound-tint);color:var(--bound-ink)}
.st b{font-weight:700}.st svg{width:17px;height:17px}
.st.off{background:var(--own-tint);color:var(--own-ink)}.st.bad{background:var(--other-tint);color:var(--other-ink)}.st.sync{background:var(--info-tint);color:var(--info-ink)}
h4{margin:0;padding:11px 14px 3px;font:600 12px/1.3 var(--font);color:var(--n5);display:flex;justify-content:space-between}
ul{list-style:none;margin:0;padding:0 6px 6px}
li{display:flex;align-items:center;gap:10px;padding:4px 8px;min-height:34px;border-radius:6px}
li:hover{background:var(--n1)}
.w{flex:1;min-width:0;line-height:1.25;overflow-wrap:anywhere}
.w small{display:block;color:var(--n5);font-size:12px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.e{font:normal 12px/1 var(--emoji);width:24px;text-align:center;flex:none}
svg.e{width:15px;height:15px;color:var(--n5);margin:0 4.5px}
.chip{font:500 12px/18px var(--font);color:var(--n5);border:1px solid var(--n3);border-radius:9px;padding:0 7px;white-space:nowrap}
.active{border-top:1px solid var(--n2);margin:0 14px}.active h4{padding-left:0;padding-right:0}.active ul{margin:0 -14px}
footer{display:flex;align-items:center;justify-content:space-between;padding:6px 14px;min-height:40px;border-top:1px solid var(--n2);font-size:12px;color:var(--n5)}
.mn{display:inline-flex;align-items:center;gap:8px;min-height:40px;padding:0 14px 0 12px;border-radius:22px;background:#fff;box-shadow:var(--pop);border:0;font:600 13px/1 var(--font)}
.stack{display:flex}
.tip{position:fixed;z-index:2147482010;background:#1f2a33;color:#fff;font:500 12px/1.4 var(--font);padding:6px 9px;border-radius:6px;max-width:320px;box-shadow:var(--pop);overflow-wrap:anywhere}
.tip small{display:block;color:#c6d0d8;font-size:12px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media(pointer:coarse){.mn{min-height:44px}li{min-height:44px}}
@media(forced-colors:active){.pn,.mn,.tip{border:1px solid CanvasText}.dot{border:1px solid CanvasText}}
@media(max-width:420px){.corner{right:12px;bottom:12px}}
`

/** For the page itself: only the cursor over fields that another holds, which must be on the field. */
export const PAGE_STYLES = '[data-corsia-held]{cursor:not-allowed!important}'
