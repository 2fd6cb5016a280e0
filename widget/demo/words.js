'use strict'
// The words of the split view, in both languages.
const WORDS = {
  en: {
    lead: 'Two people, one record.', pushButton: 'Send EMR push', changeButton: 'Change the dose in the EMR', single: 'One pane',
    try1: 'Type on either side', try2: 'Lock a field, ask for it from the other side', try3: 'Go offline, type, come back',
    try4: 'Send a result from the laboratory', try5: 'Change the dose in the EMR, choose a value',
    happened: 'What just happened', promise: 'Every edit is committed first, then acknowledged and shown.', pause: 'Pause',
    time: 'Time', who: 'Who', what: 'What', revision: 'Revision', durable: 'To durable', nothing: 'Nothing yet. Type somewhere above.',
    nurse: 'Nurse', physician: 'Physician', chartOf: (name) => `Chart of ${name}`,
    lock: 'Lock this field', unlock: 'Unlock this field', clickFirst: 'Click into a field first', leave: 'Go offline', back: 'Come back',
    starting: 'Starting…', offline: 'Offline', offlineHere: (n) => `Offline, ${changes(n)} saved here`, offlineUnsaved: (n) => `Offline, ${changes(n)} not saved yet`,
    signedOut: 'Signed out', syncing: 'Syncing…', onTheWay: (n) => `Syncing… ${changes(n)} on the way`, synced: 'Synced — saved on the server',
    people: (n) => (n === 1 ? '1 person here' : `${n} people here`),
    typed: 'typed in', sent: 'came back, sent', chose: 'changed', wentOffline: 'went offline', kept: 'edits are kept', notYet: 'not on the server yet',
    twoValues: 'must choose', refused: 'was refused', draftKept: 'draft kept', nothingStored: 'nothing stored, nothing shown',
    locked: 'locked', fence: (n) => `fence ${n}`, vain: 'asked in vain for', holds: (name) => `${name} holds it`, unlocked: 'gave back', asks: (name) => `is asked by ${name} for`,
    lost: 'lost', broken: 'broken, with a reason', handedOver: 'handed over', then: (ms) => `then shown at ${ms}`,
    laboratory: 'Laboratory (LIS)', emr: 'EMR', pushed: 'sent', result: 'new result', noPush: 'this gateway takes no push from the demo', untouched: 'no field was touched',
    changed: (value) => `changed the dose to ${value}`, whileAway: 'while the record was open', nothingOverwritten: 'nothing is overwritten by itself',
    figures: (edits, waiting, slowest) => `Last 60 s: ${edits} ${edits === 1 ? 'edit' : 'edits'}, ${waiting} waiting, slowest ${slowest} ms.`,
    results: [['Potassium', '3.9 mmol/L'], ['CRP', '42 mg/L'], ['Creatinine', '88 µmol/L'], ['Haemoglobin', '128 g/L']],
  },
  it: {
    lead: 'Due persone, una cartella.', pushButton: 'Invia un referto', changeButton: 'Cambia la dose nella cartella', single: 'Un riquadro',
    try1: 'Scrivi da una delle due parti', try2: "Blocca un campo, chiedilo dall'altra parte", try3: 'Vai fuori linea, scrivi, torna',
    try4: 'Invia un risultato dal laboratorio', try5: 'Cambia la dose, scegli un valore',
    happened: 'Che cosa è successo', promise: 'Ogni modifica è prima salvata, poi confermata e mostrata.', pause: 'Pausa',
    time: 'Ora', who: 'Chi', what: 'Che cosa', revision: 'Revisione', durable: 'Fino al salvataggio', nothing: 'Ancora niente. Scrivi qui sopra.',
    nurse: 'Infermiera', physician: 'Medico', chartOf: (name) => `Cartella di ${name}`,
    lock: 'Blocca questo campo', unlock: 'Sblocca questo campo', clickFirst: 'Prima fai clic in un campo', leave: 'Vai fuori linea', back: 'Torna in linea',
    starting: 'Avvio…', offline: 'Fuori linea', offlineHere: (n) => `Fuori linea, ${changes(n)} salvate qui`, offlineUnsaved: (n) => `Fuori linea, ${changes(n)} non ancora salvate`,
    signedOut: 'Disconnesso', syncing: 'Sincronizzazione…', onTheWay: (n) => `Sincronizzazione… ${changes(n)} in corso`, synced: 'Sincronizzato — salvato sul server',
    people: (n) => (n === 1 ? '1 persona qui' : `${n} persone qui`),
    typed: 'ha scritto in', sent: 'è tornato, ha inviato', chose: 'ha cambiato', wentOffline: 'è fuori linea', kept: 'le modifiche restano', notYet: 'non ancora sul server',
    twoValues: 'deve scegliere', refused: 'è stato respinto:', draftKept: 'bozza conservata', nothingStored: 'niente salvato, niente mostrato',
    locked: 'ha bloccato', fence: (n) => `fence ${n}`, vain: 'ha chiesto invano', holds: (name) => `lo tiene ${name}`, unlocked: 'ha lasciato', asks: (name) => `riceve la richiesta di ${name} per`,
    lost: 'ha perso', broken: 'forzato, con un motivo', handedOver: 'ceduto', then: (ms) => `poi mostrato a ${ms}`,
    laboratory: 'Laboratorio (LIS)', emr: 'Cartella', pushed: 'ha inviato', result: 'nuovo risultato', noPush: 'questo gateway non accetta invii dalla demo', untouched: 'nessun campo toccato',
    changed: (value) => `ha cambiato la dose in ${value}`, whileAway: 'a cartella aperta', nothingOverwritten: 'niente si sovrascrive da sé',
    figures: (edits, waiting, slowest) => `Ultimi 60 s: ${edits} ${edits === 1 ? 'modifica' : 'modifiche'}, ${waiting} in attesa, la più lenta ${slowest} ms.`,
    results: [['Potassio', '3,9 mmol/L'], ['PCR', '42 mg/L'], ['Creatinina', '88 µmol/L'], ['Emoglobina', '128 g/L']],
  },
}
const lang = document.documentElement.lang === 'it' ? 'it' : 'en'
const words = WORDS[lang]

function changes(n) {
  if (lang === 'it') return n === 1 ? '1 modifica' : `${n} modifiche`
  return n === 1 ? '1 change' : `${n} changes`
}

for (const node of document.querySelectorAll('[data-word]')) node.textContent = words[node.dataset.word]
