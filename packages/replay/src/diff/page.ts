/** Which page an event is about, as people call it. */
import { eventByName, type RecordedEvent } from '@pagetape/events';
import type { StateView } from '@pagetape/core';
import { namesOfFrames, pageNamer, rangesText } from '../report/names.ts';

/** "db heap 3, in frame 70", in the state before the event; null: it names neither a page nor a frame. */
export function pageOfEvent(s: StateView, { kind, data }: RecordedEvent): string | null {
  const event = eventByName(kind);
  if (event?.lane !== 'hot') return null;
  const valueOf = (type: string): number | undefined => {
    const field = event.fields.find((each) => each.type.id === type);
    return field && (data[field.name] as number);
  };
  const [pfn, mm, vpn] = [valueOf('pfn'), valueOf('mm'), valueOf('vpn')];
  const named = pfn === undefined ? undefined : namesOfFrames(s, new Set([pfn])).get(pfn);
  const page = mm !== undefined && vpn !== undefined ? pageNamer(s)(mm, vpn) : named;
  const texts = [...(page ? [rangesText([page])] : []), ...(pfn === undefined ? [] : [`frame ${pfn}`])];
  return texts.length === 0 ? null : texts.join(', in ');
}
