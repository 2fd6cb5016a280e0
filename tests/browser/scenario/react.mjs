// G4: React 19, controlled inputs.
import { scenario } from '../app.mjs'

export default (stage) => scenario(stage, 'react')
