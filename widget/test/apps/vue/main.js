// v-model in its kinds: plain, lazy, of numbers, of boxes, lists and radio buttons.
import { createApp, reactive, watch } from 'vue'

const state = reactive({
  note: 'Admitted with cough.', detail: '', shown: true, code: '', dose: 5, given: false, route: 'oral', diet: 'normal', lazy: 'slow',
  rows: [1, 2, 3].map((key) => ({ key, text: `drug ${key}` })),
})
globalThis.state = () => {
  const { rows, shown, ...rest } = state
  return { ...rest, dose: String(rest.dose), rows: rows.map(({ key, text }) => [key, text]) }
}
watch(() => state.code, (code) => { state.code = code.toUpperCase() })

createApp({
  setup: () => ({
    state,
    turn: () => state.rows.reverse(),
    drop: () => { state.rows = state.rows.filter(({ key }) => key !== 2) },
    add: () => state.rows.push({ key: 2, text: '' }),
  }),
  template: `<form>
    <textarea id="note" v-model="state.note"></textarea>
    <button type="button" id="toggle" @click="state.shown = !state.shown">detail</button>
    <p v-if="state.shown"><input id="detail" v-model="state.detail"></p>
    <input id="code" v-model="state.code">
    <input id="dose" type="number" step="any" v-model.number="state.dose">
    <input id="given" type="checkbox" v-model="state.given">
    <select id="route" v-model="state.route"><option>oral</option><option>iv</option></select>
    <input v-for="diet in ['normal', 'soft']" type="radio" name="diet" :value="diet" v-model="state.diet">
    <input id="lazy" v-model.lazy="state.lazy">
    <button type="button" id="turn" @click="turn">turn</button>
    <button type="button" id="drop" @click="drop">drop</button>
    <button type="button" id="add" @click="add">add</button>
    <ol><li v-for="row in state.rows" :key="row.key"><input :id="'row-' + row.key" v-model="row.text"></li></ol>
  </form>`,
}).mount('#app')
