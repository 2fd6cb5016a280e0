/** Width of the elements that hold the widget's roots, in CSS pixels: what it measures tells how the page is zoomed. */
export const LAYER_WIDTH = 100

/** For every root of the widget. `all: initial` with `important` wins over whatever the page says of `*`. */
const BASE = `
:host{all:initial!important;direction:ltr!important;position:absolute!important;top:0!important;left:0!important;width:${LAYER_WIDTH}px!important;display:block!important;
--g:#4caf50;--w:#ff9800;--r:#f44336;--glow:0 0 8px rgba(76,175,80,.3);--gi:#1b5e20;--wi:#8a3c00;--ri:#b71c1c;--bi:#0b4f93;--n2:#e9edf0;--n4:#7b8893;--n5:#55616c;--n6:#1f2a33;
--tag:0 1px 2px rgba(15,30,45,.22);--pop:0 4px 16px rgba(15,30,45,.18),0 0 0 1px rgba(15,30,45,.08);
--f:"Inter",system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;--e:"Noto Color Emoji","Apple Color Emoji","Segoe UI Emoji",sans-serif}
@media(forced-colors:active){:host{--g:Highlight;--w:Highlight;--r:CanvasText;--bi:CanvasText;--wi:CanvasText;--glow:none}}
@media print{:host{display:none!important}}
*{box-sizing:border-box}
[hidden]{display:none!important}
svg{width:17px;height:17px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;flex:none}
.av{width:24px;height:24px;border-radius:50%;display:grid;place-items:center;color:#fff;font:700 10px/1 var(--f);box-shadow:0 0 0 1.5px #fff,0 1px 3px rgba(15,30,45,.35);flex:none}
.av+.av{margin-left:-5px}
.more{background:#fff;color:var(--n6)}
button{font:600 12px/1 var(--f);color:var(--n6);cursor:pointer;min-height:28px;padding:0 10px;border-radius:6px;border:1px solid var(--n4);background:#fff;white-space:nowrap}
button:hover{background:#f6f8f9}
button:focus-visible{outline:2px solid #0b57a4;outline-offset:2px}
.ib{width:28px;padding:0;border:0;background:none;color:inherit;display:grid;place-items:center}
@media(pointer:coarse){button{min-height:44px;min-width:44px}}
`

/** Look of what is drawn around fields (G5). Values that the specification states are kept to the digit. */
export const FIELD_STYLES = `${BASE}
.d{position:absolute;pointer-events:none}
.d>*{position:absolute;z-index:var(--z)}
.ring{inset:-2px;border:2px solid var(--g);box-shadow:var(--glow)}
.own .ring{border-color:var(--w);box-shadow:0 0 8px rgba(255,152,0,.3)}
.other .ring{border-color:var(--r);box-shadow:0 0 8px rgba(244,67,54,.25);background:repeating-linear-gradient(135deg,rgba(183,28,28,.055) 0 5px,transparent 5px 10px)}
.offline .ring{border:2px dashed var(--w);box-shadow:none}
.flash{inset:0;background:#c8e6c9;mix-blend-mode:multiply;opacity:0}
.cl{left:0;right:6px;top:-13px;display:flex;gap:3px;align-items:center;justify-content:flex-end;height:20px}.cl>*{flex:none;pointer-events:auto}
.mini .cl{right:-6px}.box .cl{right:auto;left:calc(100% + 5px);top:50%;margin-top:-10px}
.cut .cl,.cut .beside{display:none}
.bd,.tg{position:relative;height:20px;background:#fff;border:1.5px solid var(--g);box-shadow:var(--tag)}
.bd{width:20px;border-radius:50%;display:grid;place-items:center;font:11px/1 var(--e)}
.bd::after,.tg::after{content:"";position:absolute;inset:-4px}
.mini .bd{width:15px;height:15px;font-size:8px;border-width:1px;box-shadow:none}
.tg{display:flex;align-items:center;gap:4px;min-height:0;min-width:0;padding:0 7px 0 5px;border-radius:10px;font:600 12px/17px var(--f);color:var(--gi);white-space:nowrap}
.tg i{font:normal 11px/1 var(--e)}.tg svg{width:13px}
.tg.own,.tg.here{border-color:var(--w);color:var(--wi)}.tg.other{border-color:var(--r);color:var(--ri)}.tg.here{border-style:dashed}
.tg.no{background:var(--wi);border-color:var(--wi);color:#fff}
.cl .av{width:20px;height:20px;font-size:8px}
.beside{left:calc(100% + 8px);top:3px;display:flex;pointer-events:auto}
@media(pointer:coarse){.tg::after{inset:-12px -4px}}
@media(forced-colors:active){.own .ring{border-width:4px;inset:-4px}.other .ring{border:4px double;inset:-4px;background:none}.av{forced-color-adjust:none}}
`

/** Look of the panel and the announcements. */
export const PANEL_STYLES = `${BASE}
.corner{position:fixed;right:20px;top:100%;transform:translateY(calc(-100% - 20px));transform:translateY(round(calc(-100% - 20px),1px));z-index:2147482000;max-width:calc(100vw - 24px);max-height:calc(100vh - 32px);display:flex;flex-direction:column;align-items:flex-end;gap:10px;color:var(--n6);font:400 13px/1.45 var(--f)}
.left{right:auto;left:20px}.corner>div{min-height:0;max-width:100%;display:flex}
.pn,.mn{background:#fff;box-shadow:var(--pop)}
.pn{width:304px;max-width:100%;overflow:auto;border-radius:10px}
header,.st,.h,li,footer,.stack{display:flex;align-items:center}
header{gap:8px;padding:8px 8px 8px 14px;color:var(--n5);font-size:12px}
header div{min-width:0;flex:1;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
header b{font-size:13px;color:var(--n6)}
.dot{width:10px;height:10px;border-radius:50%;background:var(--g);box-shadow:0 0 0 2px #fff,0 0 0 3px #2e7d32;flex:none;margin-right:2px}
.dot.off{background:#fff;box-shadow:inset 0 0 0 2px var(--wi)}
.dot.sync{background:linear-gradient(90deg,var(--g) 50%,#fff 50%);box-shadow:0 0 0 1.5px #2e7d32}
.dot.bad,.dot.deg{border-radius:2px;transform:rotate(45deg);background:var(--w);box-shadow:0 0 0 1.5px var(--wi)}
.st{gap:9px;padding:8px 14px;font-weight:500;background:#e8f5e9;color:var(--gi)}
.st.off,.st.deg{background:#fff3e0;color:var(--wi)}.st.bad{background:#ffebee;color:var(--ri)}.st.sync{background:#e6f0fa;color:var(--bi)}
.h{padding:11px 14px 3px;font:600 12px/1.3 var(--f);color:var(--n5);justify-content:space-between}
ul{list-style:none;margin:0;padding:0 14px 6px}
ul+.h{border-top:1px solid var(--n2)}
li{gap:10px;padding:4px 0;min-height:34px;line-height:1.25}
li div{flex:1;min-width:0;overflow-wrap:anywhere}
small{display:block;color:var(--n5);font-size:12px}
li i{font:normal 12px/1 var(--e);width:24px;text-align:center}li svg{width:15px;color:var(--n5);margin:0 4.5px}
.chip{font-size:12px;color:var(--n5);border:1px solid var(--n2);border-radius:9px;padding:0 7px}
footer{justify-content:space-between;padding:6px 14px;min-height:40px;border-top:1px solid var(--n2);font-size:12px;color:var(--n5)}
.lk{border:0;padding:0 2px;background:none;color:var(--bi);text-decoration:underline}
.mn{display:flex;align-items:center;gap:8px;min-height:40px;padding:0 14px 0 12px;border-radius:22px;border:0;font-size:13px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media(forced-colors:active){.pn,.mn,.dot{border:1px solid CanvasText}}
@media(max-width:420px){.corner{left:12px;right:12px;margin-top:8px}.pn{width:100%}.corner>div{width:100%;justify-content:flex-end}}
`

/** For the page itself: only the cursor over fields that another holds, which must be on the field. */
export const PAGE_STYLES = '[data-corsia-held]{cursor:not-allowed!important}'
