// Controlled inputs: every key goes through the state and renders the whole form anew.
import { useReducer, useState } from 'react'
import { createRoot } from 'react-dom/client'

function reduce(state, { field, value }) {
  return { ...state, [field]: field === 'code' ? value.toUpperCase() : value }
}

function App() {
  const [note, setNote] = useState('Admitted with cough.')
  const [detail, setDetail] = useState('')
  const [shown, setShown] = useState(true)
  const [rows, setRows] = useState([1, 2, 3].map((key) => ({ key, text: `drug ${key}` })))
  const [form, dispatch] = useReducer(reduce, { code: '', dose: '5', given: false, route: 'oral', diet: 'normal' })
  globalThis.state = () => ({ note, detail, ...form, rows: rows.map(({ key, text }) => [key, text]) })
  const set = (field) => ({ target }) => dispatch({ field, value: target.type === 'checkbox' ? target.checked : target.value })
  const write = (key) => ({ target }) => setRows((all) => all.map((row) => (row.key === key ? { key, text: target.value } : row)))
  return (
    <form>
      <textarea id="note" value={note} onChange={({ target }) => setNote(target.value)} />
      <button type="button" id="toggle" onClick={() => setShown(!shown)}>detail</button>
      {shown && <p><input id="detail" value={detail} onChange={({ target }) => setDetail(target.value)} /></p>}
      <input id="code" value={form.code} onChange={set('code')} />
      <input id="dose" type="number" step="any" value={form.dose} onChange={set('dose')} />
      <input id="given" type="checkbox" checked={form.given} onChange={set('given')} />
      <select id="route" value={form.route} onChange={set('route')}><option>oral</option><option>iv</option></select>
      {['normal', 'soft'].map((diet) => <input key={diet} type="radio" name="diet" value={diet} checked={form.diet === diet} onChange={set('diet')} />)}
      <button type="button" id="turn" onClick={() => setRows([...rows].reverse())}>turn</button>
      <button type="button" id="drop" onClick={() => setRows(rows.filter(({ key }) => key !== 2))}>drop</button>
      <button type="button" id="add" onClick={() => setRows([...rows, { key: 2, text: '' }])}>add</button>
      <ol>{rows.map(({ key, text }) => <li key={key}><input id={`row-${key}`} value={text} onChange={write(key)} /></li>)}</ol>
    </form>
  )
}

createRoot(document.querySelector('#app')).render(<App />)
