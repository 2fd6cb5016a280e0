// Runs one scenario, by name, and exits with 1 when it fails.
import { Stage } from './browser.mjs'

const { default: scenario, strict = false } = await import(`./scenario/${process.argv[2]}.mjs`)
const stage = new Stage(strict)
try {
  await scenario(stage)
  if (stage.errors.length > 0) throw new Error(`errors on the page:\n${stage.errors.join('\n')}`)
} catch (error) {
  console.error(error.stack ?? error)
  process.exitCode = 1
} finally {
  await stage.end()
}
