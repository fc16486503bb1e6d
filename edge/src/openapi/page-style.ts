/** Looks and the few lines of behaviour of the reference page. Both stand in the page itself: it asks nothing of anybody. */

export const PAGE_STYLE = `
:root{color-scheme:light dark;--ink:#1b2530;--soft:#566472;--paper:#fff;--shade:#f3f5f7;--line:#d5dce2;--blue:#0b5cad;--green:#12703f;--amber:#8a5300;--red:#b3261e;--violet:#6a3fb5;--code:#0f1b26;--codeink:#e4edf5}
@media(prefers-color-scheme:dark){:root{--ink:#e3e9ef;--soft:#9dabb8;--paper:#11181f;--shade:#1a232c;--line:#2f3b47;--blue:#7cb8f5;--green:#6cce9a;--amber:#e8b464;--red:#ff8f86;--violet:#b99bf2;--code:#0a1016;--codeink:#dbe6f0}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--blue)}
:focus-visible{outline:3px solid var(--blue);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem;z-index:2}
.layout{display:grid;grid-template-columns:minmax(15rem,19rem) minmax(0,1fr);max-width:84rem;margin:auto}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.25rem;border-right:1px solid var(--line);font-size:.9rem}
nav summary{display:none}
nav h2{font-size:.78rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:1.2rem 0 .3rem}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:block;padding:.18rem .4rem;border-radius:4px;text-decoration:none;color:var(--ink);overflow-wrap:anywhere}
nav li a:hover{background:var(--shade)}
nav .brand{font-weight:700;font-size:1.1rem;text-decoration:none;color:var(--ink)}
.search{margin:.8rem 0 0}
.search label{display:block;font-size:.8rem;color:var(--soft)}
.search input{width:100%;font:inherit;padding:.4rem .6rem;border:1px solid var(--soft);border-radius:6px;background:var(--paper);color:var(--ink)}
.search output{display:block;font-size:.8rem;color:var(--soft);min-height:1.3em}
main{padding:1.5rem 2.2rem 5rem;min-width:0}
h1{margin:.2rem 0 .4rem;font-size:2rem;line-height:1.2}
main h2{margin:3rem 0 .2rem;padding-top:.6rem;border-top:2px solid var(--line);font-size:1.5rem}
h3{margin:0;font-size:1.15rem}
h4{margin:1.1rem 0 .3rem;font-size:.82rem;letter-spacing:.05em;text-transform:uppercase;color:var(--soft)}
p{margin:.35rem 0}
code{font:.88em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--shade);padding:.08em .3em;border-radius:4px;overflow-wrap:anywhere}
pre{margin:.3rem 0;padding:.8rem 1rem;background:var(--code);color:var(--codeink);border-radius:8px;overflow:auto;position:relative}
pre code{background:none;padding:0;color:inherit;overflow-wrap:normal}
pre button{position:absolute;top:.4rem;right:.4rem;font:.75rem system-ui;padding:.2rem .5rem;border:1px solid #5b6b7a;border-radius:5px;background:#22303d;color:#e4edf5;cursor:pointer}
article{margin:1.2rem 0;padding:1.1rem 1.3rem;border:1px solid var(--line);border-radius:10px}
article:target{border-color:var(--blue);box-shadow:0 0 0 1px var(--blue)}
.call{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.4rem 0}
.call code{background:none;font-size:.95rem;padding:0}
.method{font:700 .78rem ui-monospace,Menlo,Consolas,monospace;padding:.15rem .45rem;border:1.5px solid currentColor;border-radius:5px}
.GET{color:var(--green)}.POST{color:var(--blue)}.PUT,.PATCH{color:var(--amber)}.DELETE{color:var(--red)}
.anchor{margin-left:.4rem;text-decoration:none;color:var(--soft)}
.fields{list-style:none;margin:.2rem 0;padding:0}
.fields .fields{padding-left:.9rem;border-left:2px solid var(--line);margin-left:.2rem}
.fields>li{padding:.4rem 0;border-top:1px solid var(--line)}
.fields>li:first-child{border-top:0}
.fields p{font-size:.94rem;margin:.1rem 0}
.field{display:flex;flex-wrap:wrap;gap:.15rem .6rem;align-items:baseline}
.name{font-weight:650}
.type{color:var(--soft);font-size:.88rem;overflow-wrap:anywhere}
.mark{font-size:.76rem;padding:0 .35rem;border-radius:4px;border:1px solid var(--line);color:var(--soft)}
.required{color:var(--red);border-color:currentColor}
.choices{line-height:1.9}
details>summary{cursor:pointer;color:var(--blue);font-size:.92rem;padding:.2rem 0}
.status{font-weight:700;font-family:ui-monospace,Menlo,Consolas,monospace}
.ok{color:var(--green)}.bad{color:var(--amber)}
[hidden]{display:none!important}
@media(max-width:52rem){
.layout{display:block}
nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line);padding:.8rem 1rem}
nav summary{display:list-item;padding:.5rem 0;font-size:1rem}
nav li a{padding:.45rem .4rem}
main{padding:1rem 1rem 4rem}
h1{font-size:1.6rem}
article{padding:.9rem .9rem;margin:1rem -.3rem}
}
@media print{nav{display:none}.layout{display:block}article{break-inside:avoid}}
`;

/** Search and copy. Without it the page is whole: the search box shows only when this runs. */
export const PAGE_SCRIPT = `
const box=document.getElementById('search'),count=document.getElementById('count');
const items=[...document.querySelectorAll('[data-find]')],groups=[...document.querySelectorAll('[data-group]')];
document.querySelector('.search').hidden=false;
const menu=document.getElementById('menu'),wide=matchMedia('(min-width:52.01rem)');
const fold=()=>{menu.open=wide.matches};fold();wide.addEventListener('change',fold);
function search(){
const words=box.value.toLowerCase().split(/\\s+/).filter(Boolean);let found=0;
for(const item of items){const hit=words.every(w=>item.dataset.find.includes(w));item.hidden=!hit;if(hit&&item.tagName==='ARTICLE')found++}
for(const group of groups)group.hidden=!group.querySelector('[data-find]:not([hidden])');
count.textContent=words.length?found+(found===1?' operation':' operations'):'';
if(words.length)menu.open=true;
}
box.addEventListener('input',search);
addEventListener('keydown',e=>{if(e.key==='/'&&!/INPUT|TEXTAREA/.test(document.activeElement.tagName)){e.preventDefault();menu.open=true;box.focus()}});
if(navigator.clipboard)for(const pre of document.querySelectorAll('pre.curl')){
const button=document.createElement('button');button.type='button';button.textContent='Copy';
button.addEventListener('click',async()=>{await navigator.clipboard.writeText(pre.querySelector('code').textContent);button.textContent='Copied';setTimeout(()=>{button.textContent='Copy'},1500)});
pre.append(button);
}
`;
