"""Programs that several tests read."""

from __future__ import annotations

# The program that the project's first README shows, letter for letter.
FIRST = """
  # mk: 0=bitonic, 1=shared, 2=warp (subgroup path on WGPU)
  mk:   sel(sg && (k<=128), 2, sel(k<=2048, 1, 0));
  # mkd: sub-strategy (auto/heap/kway/bitonic/warp_heap/warp_bitonic)
  mkd:  sel(mk==2,4, sel(mk==1,1,3));
  # TopK sweeping tile
  tile: sel(log2(c)>15.0, 2048,
        sel(log2(c)>13.0, 1024,
        sel(log2(c)>12.0,  512, 256)));
  # Mid/Bottom compaction tile
  ctile: sel(tile>=1024, tile/2, tile);

  # Soft hints (gently bias the solver)
  soft(mk,   2, 0.25, sg && (k<=128));
  soft(mk,   1, 0.20, (k>128)&&(k<=2048));
  soft(tile, 2048, 0.20, log2(c)>15.0);
  soft(tile, 1024, 0.15, (log2(c)>13.0)&&(log2(c)<=15.0));
"""
# Everything the language has, in twenty lines.
EVERYTHING = """\
# A policy with every part of the language.

mk: sel(sg && k <= 128 || kind == 2, 2, 1);  # warps
tile: clamp(max(64, c / 16, r), 64, min(4096, 65536));
kl: floor(abs(-kc)) + ceil(0.5) * 2 - 1e0;
use_2ce: !(c < 65536) != false;

# device: nvidia h200
# Measured there.
wg: 512;
soft(ch, 8, 0.25, c >= 1);
# device: llvmpipe
penalty_if(wg, 1024, .5, true);
ch: sel(sgc > 1, 2, 4);
# device: any
soft(tile, tile / 2, 0.1 * kc, mk != 1 && -k < 0);
"""
