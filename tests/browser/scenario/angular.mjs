// G4: Angular, reactive forms and ngModel.
import { scenario } from '../app.mjs'

export default (stage) => scenario(stage, 'angular')
