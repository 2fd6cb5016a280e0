// Reactive forms and ngModel, compiled in the browser so that the build stays small.
import '@angular/compiler'
import { Component, provideZonelessChangeDetection, signal } from '@angular/core'
import { FormControl, FormGroup, FormsModule, ReactiveFormsModule } from '@angular/forms'
import { bootstrapApplication } from '@angular/platform-browser'

class App {
  form = new FormGroup({
    note: new FormControl('Admitted with cough.'),
    dose: new FormControl(5),
    given: new FormControl(false),
    route: new FormControl('oral'),
    diet: new FormControl('normal'),
  })
  code = signal('')
  detail = signal('')
  shown = signal(true)
  rows = signal([1, 2, 3].map((key) => ({ key, text: `drug ${key}` })))

  constructor() {
    globalThis.state = () => ({
      ...this.form.value, dose: String(this.form.value.dose), code: this.code(), detail: this.detail(),
      rows: this.rows().map(({ key, text }) => [key, text]),
    })
  }

  upper(value) {
    this.code.set(value.toUpperCase())
  }

  turn() {
    this.rows.update((rows) => [...rows].reverse())
  }

  drop() {
    this.rows.update((rows) => rows.filter(({ key }) => key !== 2))
  }

  add() {
    this.rows.update((rows) => [...rows, { key: 2, text: '' }])
  }
}

const template = `<form [formGroup]="form">
  <textarea id="note" formControlName="note"></textarea>
  <button type="button" id="toggle" (click)="shown.set(!shown())">detail</button>
  @if (shown()) { <p><input id="detail" [ngModel]="detail()" (ngModelChange)="detail.set($event)" [ngModelOptions]="{standalone: true}"></p> }
  <input id="code" [ngModel]="code()" (ngModelChange)="upper($event)" [ngModelOptions]="{standalone: true}">
  <input id="dose" type="number" step="any" formControlName="dose">
  <input id="given" type="checkbox" formControlName="given">
  <select id="route" formControlName="route"><option>oral</option><option>iv</option></select>
  <input type="radio" name="diet" formControlName="diet" value="normal"><input type="radio" name="diet" formControlName="diet" value="soft">
  <button type="button" id="turn" (click)="turn()">turn</button>
  <button type="button" id="drop" (click)="drop()">drop</button>
  <button type="button" id="add" (click)="add()">add</button>
  <ol>@for (row of rows(); track row.key) {
    <li><input id="row-{{row.key}}" [(ngModel)]="row.text" [ngModelOptions]="{standalone: true}"></li>
  }</ol>
</form>`

Component({ selector: 'app-form', imports: [FormsModule, ReactiveFormsModule], template })(App)
document.querySelector('#app').innerHTML = '<app-form></app-form>'
bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] }).catch(console.error)
