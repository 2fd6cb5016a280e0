// Runs a DynamoDB with the one table that locks states, in memory, until its standard input ends. Prints {url, table}.
import dynalite from 'dynalite'

const table = 'corsia-locks'
const server = dynalite({ createTableMs: 0 })
await new Promise((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done))
const url = `http://127.0.0.1:${server.address().port}`

async function call(target, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${target}`,
      'x-amz-date': '20260101T000000Z',
      // It wants a signature of some form and looks no closer.
      authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b',
    },
    body: JSON.stringify(body),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(`${target}: ${JSON.stringify(said)}`)
  return said
}

const id = [{ AttributeName: 'LockID', AttributeType: 'S' }]
await call('CreateTable', { TableName: table, AttributeDefinitions: id, KeySchema: [{ AttributeName: 'LockID', KeyType: 'HASH' }], BillingMode: 'PAY_PER_REQUEST' })
for (let status = ''; status !== 'ACTIVE'; ) status = (await call('DescribeTable', { TableName: table })).Table.TableStatus
console.log(JSON.stringify({ url, table }))
process.stdin.resume().on('end', () => process.exit(0))
