/**
 * The same law in one pass, for whoever checks millions of states: whether anything is broken, not what. It looks at what a run has used:
 * frames that were ever handed out, pages of areas, slots in use. Where it says that something is broken, `checkInvariants`
 * tells in sentences.
 *
 * First everything that refers to a frame or a slot is counted, then frames and slots are compared with the counts.
 */
import { LRU_INACTIVE_ANON, LRU_UNEVICTABLE, MLOCK_NEW, VM_LOCKED, VM_NONLINEAR, type Vma } from '@pagetape/events';
import * as L from '../state/layout.ts';
import { mapping_cap_account_dirty, page_to_nid, tableEntry } from '../state/read.ts';
import { SWAP_MAP_BAD } from '../state/state.ts';
import type { StateView } from '../state/view.ts';

/** What is wrong, as a number for whoever debugs this file; 0: nothing. */
export type Verdict = number;

/** Checks states of one machine. It keeps its counts, so that none need be made for each check. */
export class QuickInvariants {
  /** By frame: holders of a reference, and entries that map it. All 0 between two checks. */
  private readonly refs: Int32Array;
  private readonly maps: Int32Array;
  /** By frame: it is in a batch that brings it to a list; it has a pending read or an outside lock; it has a pending write. */
  private readonly batched: Uint8Array;
  private readonly lockers: Uint8Array;
  private readonly writes: Uint8Array;
  /** By slot: who uses it. */
  private readonly users: Int32Array;
  /** By zone: frames that were handed out before and are free again. */
  private readonly free: Int32Array;
  private cachedPages = 0;
  private s: StateView;
  /** What the last check said. */
  verdict: Verdict = 0;

  constructor(s: StateView) {
    const frames = s.topology.max_pfn;
    this.s = s;
    this.refs = new Int32Array(frames);
    this.maps = new Int32Array(frames);
    this.batched = new Uint8Array(frames);
    this.lockers = new Uint8Array(frames);
    this.writes = new Uint8Array(frames);
    this.users = new Int32Array(s.swap_map.length);
    this.free = new Int32Array(s.topology.zones.length);
  }

  /** Checks a state of the machine between two steps, none of which is under way. */
  check(s: StateView): Verdict {
    this.s = s;
    this.cachedPages = 0;
    this.verdict =
      this.countMms() ||
      this.countFiles() ||
      this.countCpus() ||
      this.countRequests() ||
      this.compareFrames() ||
      this.compareLists() ||
      this.compareSlots() ||
      this.checkCalls();
    if (this.verdict !== 0) this.forget();
    return this.verdict;
  }

  /** After something broken the counts are what they are. */
  private forget(): void {
    for (const counts of [this.refs, this.maps, this.batched, this.lockers, this.writes, this.users]) counts.fill(0);
  }

  private countMms(): Verdict {
    const { cold, mms } = this.s;
    for (let mm = 1; mm < cold.next.mm; mm++) {
      const it = cold.mms[mm];
      if (it === undefined) continue;
      let end = 0;
      let locked = 0;
      let file = 0;
      let rss = 0;
      for (const id of it.vmas) {
        const vma = cold.vmas[id];
        if (vma === undefined || vma.mm !== mm || vma.start >= vma.end || vma.start < end) return 1;
        end = vma.end;
        if ((vma.flags & VM_LOCKED) !== 0) locked += vma.end - vma.start;
        const found = this.countArea(vma);
        if (found < 0) return 2;
        rss += found;
        file += this.fileEntries;
      }
      const at = mm * L.MM;
      if (locked !== mms[at + L.M_LOCKED]) return 3;
      if (file !== mms[at + L.M_FILE_RSS] || rss - file !== mms[at + L.M_ANON_RSS]) return 4;
    }
    return 0;
  }

  /** Entries of the last area that map pages which are not anonymous. */
  private fileEntries = 0;

  /** Counts the entries of an area. Returns how many map a frame, or -1 for one that is broken. */
  private countArea(vma: Vma): number {
    const { s, refs, maps, users } = this;
    const { tables, mms, frames } = s;
    const root = vma.mm * L.MM + L.M_ROOT;
    const frames_end = refs.length;
    let present = 0;
    let file = 0;
    for (let from = vma.start; from < vma.end; from = (from | (L.TABLE - 1)) + 1) {
      const to = Math.min(vma.end, (from | (L.TABLE - 1)) + 1);
      let entry = tableEntry(tables, mms, root, from);
      if (entry < 0) continue;
      for (let vpn = from; vpn < to; vpn++, entry++) {
        const pte = tables[entry];
        if (pte === 0) continue;
        if ((pte & L.PTE_PRESENT) !== 0) {
          const pfn = pte >>> L.PTE_SHIFT;
          if (pfn >= frames_end) return -1;
          refs[pfn]++;
          maps[pfn]++;
          present++;
          const mapping = frames[pfn * L.FRAME + L.F_MAPPING];
          if (mapping >= 0) file++;
          if (pfn !== L.ZERO_PFN && !this.isFound(pfn, mapping, vma, vpn)) return -1;
          continue;
        }
        const kind = pte & L.PTE_BITS;
        if (kind === L.PTE_SWAP || kind === L.PTE_SWAP_EXCLUSIVE) {
          const slot = pte >>> L.PTE_SHIFT;
          if (slot >= users.length) return -1;
          users[slot]++;
        } else if (kind >= L.PTE_MIGRATION_READ && kind <= L.PTE_MIGRATION_READ_EXCLUSIVE) return -1;
        else if (kind === L.PTE_FILE && (vma.flags & VM_NONLINEAR) === 0) return -1;
      }
    }
    this.fileEntries = file;
    return present;
  }

  /** Whether reverse mapping, starting from the frame, would come to this entry. Merged pages are left to the other check. */
  private isFound(pfn: number, mapping: number, vma: Vma, vpn: number): boolean {
    if (mapping <= -L.MAPPING_KSM) return true;
    if (mapping === 0 || (mapping < 0 ? vma.anon_vma !== -mapping : vma.file !== mapping)) return false;
    return (
      (vma.flags & VM_NONLINEAR) !== 0 || this.s.frames[pfn * L.FRAME + L.F_INDEX] === vma.pgoff + (vpn - vma.start)
    );
  }

  private countFiles(): Verdict {
    const { cold, files } = this.s;
    for (let file = 1; file < cold.next.file; file++) {
      const it = cold.files[file];
      if (it === undefined) continue;
      const at = file * L.FILE;
      const cached = files[at + L.X_NRPAGES];
      const swapped = files[at + L.X_SWAPPED];
      if (cached + swapped > 0 && !this.countPages(file, cached, swapped)) return 10;
      if (it.unlinked && it.i_mmap.length + it.i_mmap_nonlinear.length === 0) return 11;
      this.cachedPages += cached;
    }
    return 0;
  }

  /** Counts what a file has in memory and in swap: whether it is as many as it says, and all its own. */
  private countPages(file: number, cached: number, swapped: number): boolean {
    const { s, refs, users } = this;
    const { tables, frames } = s;
    const root = file * L.FILE + L.X_ROOT;
    const end = Math.max(L.SPAN[s.files[root + 1]] ?? 0, 0);
    let cachedLeft = cached;
    let swappedLeft = swapped;
    for (let from = 0; from < end && cachedLeft + swappedLeft > 0; from += L.TABLE) {
      const leaf = tableEntry(tables, s.files, root, from);
      if (leaf < 0) continue;
      for (let i = 0; i < L.TABLE && cachedLeft + swappedLeft > 0; i++) {
        const entry = tables[leaf + i];
        if (entry > 0) {
          const at = (entry - 1) * L.FRAME;
          if (frames[at + L.F_MAPPING] !== file || frames[at + L.F_INDEX] !== from + i) return false;
          refs[entry - 1]++;
          cachedLeft--;
        } else if (entry < 0) {
          users[-entry]++;
          swappedLeft--;
        }
      }
    }
    return cachedLeft === 0 && swappedLeft === 0;
  }

  private countCpus(): Verdict {
    const { s, refs, batched } = this;
    const { cpus } = s;
    for (let batch = 0; batch < cpus.length; batch += L.BATCH) {
      const pages = cpus[batch];
      if (pages === 0) continue;
      if (pages > L.BATCH_MAX) return 20;
      const of_mlock = batch % L.CPU === L.MLOCK_BATCH;
      for (let i = 1; i <= pages; i++) {
        const entry = cpus[batch + i];
        const pfn = of_mlock ? entry >>> L.MLOCK_SHIFT : entry;
        refs[pfn]++;
        if (of_mlock && (entry & ((1 << L.MLOCK_SHIFT) - 1)) !== MLOCK_NEW) continue;
        if (batched[pfn] !== 0) return 21;
        batched[pfn] = 1;
      }
    }
    return 0;
  }

  /** Pending requests, the swap cache, and what is held from outside. */
  private countRequests(): Verdict {
    const { s, refs, lockers, writes, users } = this;
    const { io, scalars, swap_cache, frames, holders, pins, seized } = s;
    for (let n = 0; n < scalars[L.IO_PENDING]; n++) {
      const request = io[(scalars[L.IO_FIRST] + n) & (io.length - 1)];
      if ((request & 1) === 0) lockers[request >> 1]++;
      else writes[request >> 1]++;
    }
    for (let slot = 0; slot < swap_cache.length; slot++) {
      if (swap_cache[slot] === 0) continue;
      const at = (swap_cache[slot] - 1) * L.FRAME;
      if ((frames[at + L.F_FLAGS] & L.PG_SWAPCACHE) === 0 || frames[at + L.F_PRIVATE] !== slot) return 30;
      refs[swap_cache[slot] - 1]++;
      users[slot]++;
    }
    for (let link = scalars[L.LOCK_HOLDERS]; link > 0; link = holders[(link - 1) * L.HOLDER + L.H_NEXT]) {
      if (++lockers[link - 1] > 1) return 31;
      refs[link - 1]++;
    }
    let left = scalars[L.PINS_USED];
    for (let link = scalars[L.PINS]; link > 0; link = pins[(link - 1) * L.PIN + L.P_NEXT]) {
      if (--left < 0) return 32;
      refs[pins[(link - 1) * L.PIN + L.P_PFN]]++;
    }
    left = seized.length;
    for (let slot = scalars[L.SEIZED]; slot > 0; slot = seized[slot]) {
      if (--left < 0) return 33;
      users[slot]++;
    }
    return 0;
  }

  private mapped = 0;
  private dirty = 0;
  private writeback = 0;
  private cached = 0;
  private mlocked = 0;
  private onLists = 0;
  private unevictable = 0;

  private compareFrames(): Verdict {
    const { s } = this;
    this.mapped = this.dirty = this.writeback = this.cached = this.mlocked = this.onLists = this.unevictable = 0;
    let filePages = 0;
    const bad = (s.frames[L.F_FLAGS] & L.PG_HWPOISON) !== 0 ? 1 : 0;
    if (this.refs[L.ZERO_PFN] + 1 + bad !== s.frames[L.F_COUNT]) return 40;
    if (this.maps[L.ZERO_PFN] !== s.frames[L.F_MAPCOUNT]) return 40;
    if ((s.frames[L.F_FLAGS] & L.PG_LOCKED) !== 0 ? this.lockers[L.ZERO_PFN] !== 1 : this.lockers[L.ZERO_PFN] !== 0)
      return 44;
    this.lockers[L.ZERO_PFN] = 0;
    if (this.maps[L.ZERO_PFN] > 0) this.mapped++;
    this.refs[L.ZERO_PFN] = this.maps[L.ZERO_PFN] = 0;
    for (let z = 0; z < s.topology.zones.length; z++) {
      const at = z * L.ZONE;
      const start = s.zones[at + L.Z_START];
      const fresh = start + s.zones[at + L.Z_FRESH];
      let used = 0;
      let retired = 0;
      let free = 0;
      for (let pfn = start; pfn < fresh; pfn++) {
        const flags = s.frames[pfn * L.FRAME + L.F_FLAGS];
        const verdict = this.compareFrame(pfn, flags);
        if (verdict !== 0) return verdict;
        if (s.frames[pfn * L.FRAME + L.F_MAPPING] > 0) filePages++;
        if ((flags & L.PLACE_MASK) === L.PLACE_RETIRED || (flags & L.PG_HWPOISON) !== 0) retired++;
        else if ((flags & L.PLACE_MASK) !== L.PLACE_FREE) used++;
        else free++;
      }
      this.free[z] = free;
      const { present } = s.topology.zones[z];
      const online = s.zones[at + L.Z_PRESENT];
      if (online !== present && (online !== 0 || s.zones[at + L.Z_FREE] + used > 0)) return 45;
      if (fresh < start || fresh > start + present) return 46;
      if (s.zones[at + L.Z_FREE] + s.zones[at + L.Z_WITHHELD] + used + retired !== present) return 41;
    }
    if (filePages !== this.cachedPages) return 42;
    const { vmstat } = s;
    const counters =
      this.mapped === vmstat[L.NR_MAPPED] &&
      this.dirty === vmstat[L.NR_DIRTY] &&
      this.writeback === vmstat[L.NR_WRITEBACK];
    return counters && this.cached === vmstat[L.NR_SWAPCACHE] && this.mlocked === vmstat[L.NR_MLOCK] ? 0 : 43;
  }

  /** A frame agrees with what was counted of it, and with itself. The counts are 0 again after it. */
  private compareFrame(pfn: number, flags: number): Verdict {
    const { s, refs, maps } = this;
    const { frames } = s;
    const at = pfn * L.FRAME;
    const place = flags & L.PLACE_MASK;
    const count = frames[at + L.F_COUNT];
    if (place === L.PLACE_FREE) {
      const zero =
        flags |
        count |
        frames[at + L.F_MAPCOUNT] |
        frames[at + L.F_MAPPING] |
        frames[at + L.F_INDEX] |
        frames[at + L.F_PRIVATE] |
        frames[at + L.F_PREV];
      return zero === 0 && refs[pfn] === 0 ? 0 : 50;
    }
    let holders = refs[pfn];
    if (place === L.PLACE_ISOLATED || place === L.PLACE_RETIRED) holders++;
    if ((flags & L.PG_PRIVATE) !== 0) holders++;
    if ((flags & L.PG_HWPOISON) !== 0) holders++;
    if (holders !== count || count === 0) return 51;
    if (maps[pfn] !== frames[at + L.F_MAPCOUNT]) return 52;
    if (place === L.PLACE_LRU) {
      this.onLists++;
      if ((flags & L.LIST_MASK) >>> L.LIST_SHIFT === LRU_UNEVICTABLE) this.unevictable++;
    } else if (place === L.PLACE_IMAGE) return 53;
    if ((place === L.PLACE_BATCH) !== (this.batched[pfn] === 1)) return 54;
    this.batched[pfn] = 0;
    if (place === L.PLACE_ISOLATED && !this.isAbandoned(pfn)) return 55;
    if ((flags & L.PG_LOCKED) !== 0 ? this.lockers[pfn] !== 1 : this.lockers[pfn] !== 0) return 56;
    this.lockers[pfn] = 0;
    if ((flags & L.PG_WRITEBACK) !== 0 ? this.writes[pfn] !== 1 : this.writes[pfn] !== 0) return 57;
    this.writes[pfn] = 0;
    if ((flags & L.PG_SWAPCACHE) !== 0) {
      if (s.swap_cache[frames[at + L.F_PRIVATE]] !== pfn + 1) return 58;
      this.cached++;
    } else if ((flags & L.PG_PRIVATE) === 0 && frames[at + L.F_PRIVATE] !== 0) return 59;
    if ((flags & L.PG_ANON_EXCLUSIVE) !== 0 && (frames[at + L.F_MAPPING] >= 0 || maps[pfn] > 1)) return 60;
    if (maps[pfn] > 0) this.mapped++;
    if ((flags & L.PG_WRITEBACK) !== 0) this.writeback++;
    if ((flags & L.PG_MLOCKED) !== 0) this.mlocked++;
    if ((flags & L.PG_DIRTY) !== 0 && mapping_cap_account_dirty(s, frames[at + L.F_MAPPING])) this.dirty++;
    refs[pfn] = maps[pfn] = 0;
    return 0;
  }

  private isAbandoned(pfn: number): boolean {
    const { leaked, oopses } = this.s.cold;
    return leaked.includes(pfn) || oopses.some(({ isolated }) => isolated.includes(pfn));
  }

  /** Lists are linked both ways, and have the pages that they should. */
  private compareLists(): Verdict {
    const { s } = this;
    const { topology, zones, nodes } = s;
    let pages = this.unevictable;
    for (let z = 0; z < topology.zones.length; z++) {
      const at = z * L.ZONE;
      for (let lru = 0; lru < LRU_INACTIVE_ANON; lru++) {
        const found = this.followList(zones, at + L.Z_LRU + 2 * lru, lru, zones[at + L.Z_NR + lru], -1, z);
        if (found < 0) return 70;
        pages += found;
      }
      if (!this.followFree(at, this.free[z])) return 71;
    }
    for (let n = 0; n < topology.nodes.length; n++) {
      const nid = topology.nodes[n];
      const at = nid * L.NODE;
      for (let lru = LRU_INACTIVE_ANON; lru < LRU_UNEVICTABLE; lru++) {
        const i = lru - LRU_INACTIVE_ANON;
        const found = this.followList(nodes, at + L.N_LRU + 2 * i, lru, nodes[at + L.N_NR + i], nid, -1);
        if (found < 0) return 72;
        pages += found;
      }
    }
    return pages === this.onLists ? 0 : 73;
  }

  /** The pages of a list; -1: it is broken. */
  private followList(
    ends: StateView['zones'],
    list: number,
    lru: number,
    counted: number,
    nid: number,
    zone: number,
  ): number {
    const { s } = this;
    let before = 0;
    let pages = 0;
    for (let link = ends[list]; link > 0; link = s.frames[(link - 1) * L.FRAME + L.F_NEXT]) {
      const at = (link - 1) * L.FRAME;
      const flags = s.frames[at + L.F_FLAGS];
      if ((flags & L.PLACE_MASK) !== L.PLACE_LRU || (flags & L.LIST_MASK) >>> L.LIST_SHIFT !== lru) return -1;
      if (s.frames[at + L.F_PREV] !== before || ++pages > counted) return -1;
      if (((flags & L.PG_ACTIVE) !== 0) !== ((lru & 1) !== 0)) return -1;
      if (
        nid >= 0
          ? page_to_nid(s, link - 1) !== nid
          : s.topology.section_zone[(link - 1) >>> s.topology.section_shift] !== zone
      )
        return -1;
      before = link;
    }
    return pages === counted && ends[list + 1] === before ? pages : -1;
  }

  /** The list of free frames of a zone has those that were handed out before and are free again. */
  private followFree(at: number, free: number): boolean {
    const { frames, zones } = this.s;
    const start = zones[at + L.Z_START];
    const fresh = zones[at + L.Z_FRESH];
    let left = free;
    for (let link = zones[at + L.Z_FREE_HEAD]; link > 0; link = frames[(link - 1) * L.FRAME + L.F_NEXT]) {
      const pfn = link - 1;
      if (
        --left < 0 ||
        pfn < start ||
        pfn >= start + fresh ||
        (frames[pfn * L.FRAME + L.F_FLAGS] & L.PLACE_MASK) !== L.PLACE_FREE
      )
        return false;
    }
    return left === 0;
  }

  private compareSlots(): Verdict {
    const { s, users } = this;
    const { areas, swap_map } = s;
    let free = 0;
    for (let at = 0; at < areas.length; at += L.AREA) {
      const base = areas[at + L.S_BASE];
      if (swap_map[base] !== SWAP_MAP_BAD || users[base] !== 0) return 80;
      const end = base + areas[at + L.S_MAX];
      const enabled = areas[at + L.S_PAGES] > 0;
      let used = 0;
      for (let slot = base + 1; slot < end; slot++) {
        if (users[slot] !== swap_map[slot]) return 81;
        if (users[slot] !== 0) {
          used++;
          users[slot] = 0;
        } else if (enabled && (slot - base < areas[at + L.S_LOWEST] || slot - base > areas[at + L.S_HIGHEST]))
          return 82;
      }
      if (used !== areas[at + L.S_INUSE]) return 83;
      free += areas[at + L.S_PAGES] - used;
    }
    return free === s.scalars[L.NR_SWAP_PAGES] ? 0 : 84;
  }

  /** No call left anything behind. */
  private checkCalls(): Verdict {
    const { cold, tasks, mms } = this.s;
    const { oopses } = cold;
    let users = 0;
    for (let mm = 1; mm < cold.next.mm; mm++) {
      users += mms[mm * L.MM + L.M_USERS];
      if (mms[mm * L.MM + L.M_SEM] !== 0 && oopses.length === 0) return 90;
    }
    let alive = 0;
    for (let pid = 1; pid < cold.next.pid; pid++) {
      const task = cold.tasks[pid];
      if (task === undefined) continue;
      if (task.mm !== 0) alive++;
      if (tasks[pid * L.TASK + L.T_FLAGS] !== 0) return 91;
      if (cold.tasks[task.tgid] === undefined) return 92;
    }
    for (const oops of oopses) alive += oops.users;
    return users === alive ? 0 : 93;
  }
}
