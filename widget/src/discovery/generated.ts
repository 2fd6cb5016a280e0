/**
 * Forms of ids that libraries count up or draw as they go. On the next load, or on another way to the page, the same field
 * has another one. Each is bound to the library's own pattern, because `knee_r_1_pain` or `pt1:r1:0:it1` are people's.
 */
const FORMS = [
  /(?:^|-)(?::[rR]\w*:|«[rR]\w*»|_[rR]_\w+_)(?:$|-)/, // React, and what builds on its useId
  /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i, // a UUID alone; with a word before it, it is the key of a row
  /^ember\d+/,
  /^(?:mat|cdk|ion)-[a-z-]+-\d+(?:-(?:input|button))?$/, // Angular Material, Ionic
  /^ext-(?:gen|comp|element)-?\d+|-\d{3,}-\w+El$/, // Ext JS
  /^yui(?:-gen\d|_\d)/,
  /^gwt-uid-\d+$|^isc_[\dA-Z]+$/, // GWT, SmartClient
  /-vaadin-[a-z-]+-\d+$/,
  /^p[nrv]_id_\d+/, // PrimeNG, PrimeReact, PrimeVue
  /^(?:headlessui|radix|react-select|react-aria|downshift|mui|ui-id|el-id|rc_select|__BVID__)[a-z-]*[-_]?\d+/,
  /^mantine-[\da-z]{9}/,
]

/** Reports whether a library made the id or name up. */
export function isGenerated(name: string): boolean {
  return FORMS.some((form) => form.test(name))
}
