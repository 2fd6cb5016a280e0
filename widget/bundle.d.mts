export function modules(name: string, input?: string): Promise<Record<string, string>>
export function scripts(name: string, minified: boolean, input?: string): Promise<Record<string, string>>
export function integrity(code: string): string
