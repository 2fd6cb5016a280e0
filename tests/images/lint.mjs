// Prints the findings of dockerfilelint in a file, as a list.
import { readFileSync } from 'node:fs'
import dockerfilelint from 'dockerfilelint'

console.log(JSON.stringify(dockerfilelint.run('.', readFileSync(JSON.parse(process.argv[2]), 'utf8'))))
