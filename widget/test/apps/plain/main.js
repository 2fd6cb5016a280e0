// A page as it was written ten years ago: jQuery, an input mask, values set without events, a sum in another field.
import IMask from 'imask'
import $ from 'jquery'

$('#app').html(`<form><textarea id="note">Admitted with cough.</textarea>
  <button type="button" id="toggle">detail</button><p id="place"><input id="detail"></p>
  <input id="code"><input id="dose" type="number" step="any" value="5"><input id="given" type="checkbox">
  <select id="route"><option>oral</option><option>iv</option></select>
  <input type="radio" name="diet" value="normal" checked><input type="radio" name="diet" value="soft">
  <input id="born"><input id="weight"><input id="height"><input id="bmi" readonly><button type="button" id="template">template</button>
  <button type="button" id="turn">turn</button><button type="button" id="drop">drop</button><button type="button" id="add">add</button>
  <ol></ol></form>`)
const row = (key, text) => $('<li>').append($('<input>').attr({ id: `row-${key}` }).val(text))
$('ol').append([1, 2, 3].map((key) => row(key, `drug ${key}`)))
$('#toggle').on('click', () => ($('#detail').length > 0 ? $('#detail').remove() : $('#place').append('<input id="detail">')))
$('#code').on('input', ({ target }) => { target.value = target.value.toUpperCase() })
$('#turn').on('click', () => $('ol').append($('li').get().reverse()))
$('#drop').on('click', () => $('#row-2').parent().remove())
$('#add').on('click', () => $('ol').append(row(2, '')))
$('#weight,#height').on('change', () => $('#bmi').val(($('#weight').val() / ($('#height').val() / 100) ** 2 || 0).toFixed(1)))
$('#template').on('click', () => $('#note').val(`${$('#note').val()} No fever.`))
const mask = IMask(document.querySelector('#born'), { mask: '00/00/0000' })

globalThis.state = () => ({
  note: $('#note').val(), detail: $('#detail').val() ?? '', code: $('#code').val(), dose: $('#dose').val(), given: $('#given').prop('checked'),
  route: $('#route').val(), diet: $('[name=diet]:checked').val(), born: mask.value,
  rows: $('li input').get().map((input) => [Number(input.id.slice(4)), input.value]),
})
