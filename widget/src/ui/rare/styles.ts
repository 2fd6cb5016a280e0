/** Look of what is rarely needed, in the widget's roots; colours and type come from the styles that are always there. */
export const RARE_STYLES = `
.tip{position:fixed;z-index:2147482010;background:#1f2a33;color:#fff;font:500 12px/1.4 var(--f);padding:6px 9px;border-radius:6px;max-width:320px;box-shadow:var(--pop)}
.tip small{color:#c6d0d8}
@media(forced-colors:active){.tip{border:1px solid CanvasText}}
.two .ring{border:4px double var(--bi);inset:-4px;box-shadow:none}
.two,.tg.two{border-color:var(--bi);color:var(--bi)}
.below{top:calc(100% + 6px);left:0;width:max-content;pointer-events:auto;z-index:calc(var(--z) + 2)!important}.below.up{top:auto;bottom:calc(100% + 14px)}
.b{font-size:13px;min-height:36px;padding:0 14px}
.b.s{font-size:12px;min-height:28px;padding:0 10px}
.b.p,.b.d{background:#0b57a4;border-color:#0b57a4;color:#fff}.b.d{background:var(--ri);border-color:var(--ri)}
.b.p:hover{background:#084a8c}.b.d:hover{background:#8e1515}
.b.q{margin-right:auto;border:0;padding:0 2px;background:none;color:var(--ri);text-decoration:underline;text-underline-offset:2px}
.mut{color:var(--n5)}
.ac{display:flex;flex-wrap:wrap;gap:8px;justify-content:flex-end}
.dg{box-sizing:border-box;width:442px;max-width:calc(100vw - 24px);max-height:calc(100dvh - 24px);overflow:auto;margin:auto;border:0;border-radius:10px;padding:18px 20px 16px;background:#fff;color:var(--n6);font:400 13px/1.45 var(--f);box-shadow:0 16px 48px rgba(15,30,45,.3),0 0 0 1px rgba(15,30,45,.1)}
.dg::backdrop{background:rgba(15,30,45,.35)}
h2{margin:0 0 4px;font:650 15px/1.35 var(--f);display:flex;gap:9px;align-items:center;overflow-wrap:anywhere}
h2.dgr{color:var(--ri)}h2 svg{width:19px;height:19px}
.dg p,.nt p{margin:6px 0 0;overflow-wrap:anywhere}
label{display:block;font:600 12.5px/1.4 var(--f);margin-top:12px}
input,select,textarea{display:block;box-sizing:border-box;width:100%;margin-top:4px;font:400 13px/1.4 var(--f);padding:7px 9px;border:1px solid var(--n4);border-radius:6px;background:#fff;color:var(--n6)}
input:focus-visible,select:focus-visible,textarea:focus-visible{outline:2px solid #0b57a4;outline-offset:2px}
[aria-invalid=true]{border:2px solid var(--ri);padding:6px 8px}
.er{color:var(--ri);font-weight:500;font-size:12px;display:flex;gap:5px;align-items:center}.er:empty{display:none}.er svg{width:14px}
.dg .ac{margin-top:16px}
.nts{display:flex;flex-direction:column;gap:8px;margin:-12px;max-width:calc(100% + 24px);overflow:auto;flex:none;max-height:60vh;padding:12px;pointer-events:none}.nts:empty{display:none}
.nt{pointer-events:auto;flex:none;display:flex;gap:11px;width:380px;max-width:100%;background:#fff;border-radius:10px;border-left:4px solid var(--bi);padding:12px 12px 12px 14px;box-shadow:var(--pop)}
.nt>svg{width:19px;height:19px;color:var(--bi)}.nt.warn{border-color:var(--w)}.nt.warn>svg{color:var(--wi)}
.nt>div:last-child{flex:1;min-width:0}.nt p{margin:2px 0 0}.nt .ac{justify-content:flex-start;margin-top:9px}
.strip{display:flex;flex-wrap:wrap;gap:4px 7px;align-items:center;max-width:calc(100vw - 16px);background:#ffebee;color:var(--ri);border-radius:0 0 8px 8px;padding:4px 5px 4px 9px;font:500 12px/1.3 var(--f);box-shadow:0 0 0 1px #e7b3b3}
.strip svg{width:15px}.strip span{flex:1}
.cv{width:340px;max-width:calc(100vw - 16px);background:#fff;color:var(--n6);border-radius:10px;padding:12px;font:400 13px/1.45 var(--f);box-shadow:var(--pop)}
.cv p{margin:0}.cv .lk{margin-top:8px}
.op{display:flex;gap:10px;align-items:center;border:1px solid #cfd7dd;border-radius:8px;padding:8px 8px 8px 11px;margin-top:8px}
.op>div{flex:1;min-width:0}.v{font:650 15px/1.3 var(--f);max-height:6.5em;overflow:auto;overflow-wrap:anywhere;white-space:pre-wrap}
small{display:block;font-size:12px;color:var(--n5)}
.lk{border:0;padding:0 2px;background:none;color:var(--bi);text-decoration:underline}
.dr{flex-direction:column;align-items:stretch!important;gap:4px}
blockquote{margin:4px 0 0;background:#f6f8f9;border:1px solid #cfd7dd;border-radius:6px;padding:6px 9px;white-space:pre-wrap;overflow-wrap:anywhere;max-height:6em;overflow:auto}
@media(pointer:coarse){.b,.b.s{min-height:44px}}
@media(max-width:420px){.dg{margin:auto 12px 12px}.dg .ac .b{flex:1;min-height:44px}.dg .ac .q{flex:1 0 100%;text-align:left}.nt{width:auto}input,select,textarea{font-size:16px}}
@media(forced-colors:active){.dg,.nt,.cv,.strip{border:1px solid CanvasText}}
`
