// Names and covers of sealed environments. A cover says what an environment holds: everything of a span of time that came through a
// range of flushes, as it is or summed up. Two environments of a tier never hold parts of the same: one cover lies within the
// other, or they are about different samples. Environments of different tiers hold the same only when their covers are the same.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::samples {

struct Cover {
  int64_t begin = 0;  // ns
  int64_t end = 0;    // ns, exclusive; the highest time there is belongs to it
  uint64_t first_flush = 0;
  uint64_t last_flush = 0;
  int64_t tier_ns = 0;  // 0: samples as they are; else the interval of which there is a summary each
  /// It was written without what deletions up to this number delete. Of two that hold the same the higher one is newer.
  uint64_t revision = 0;

  bool has_extent_of(const Cover& other) const noexcept {
    return begin == other.begin && end == other.end && first_flush == other.first_flush && last_flush == other.last_flush;
  }
  bool lies_within(const Cover& other) const noexcept {
    if (tier_ns != other.tier_ns) return false;
    return has_extent_of(other) ? revision <= other.revision : is_part_of(other);
  }
  /// Whatever the tiers and revisions.
  bool is_part_of(const Cover& other) const noexcept {
    return begin >= other.begin && end <= other.end && first_flush >= other.first_flush && last_flush <= other.last_flush;
  }
  bool operator==(const Cover&) const = default;
};

struct NamedCover {
  std::string name;
  Cover cover;
};

/// "5m", "2h": in the largest unit of which it is a multiple.
std::string span_text(uint64_t ns);
/// False when it is no span's text.
bool parse_span(std::string_view text, uint64_t& ns);
/// "samples/2026-11-22T1000.2h.4-7": begin and length of the span, first and last flush; then ".r3", the revision, unless it is 0;
/// "samples/5m.2026-11-22T1000..." in a tier.
/// Different covers have different names.
std::string partition_name(const Cover& cover);
/// False when it is no partition's name.
bool parse_partition_name(std::string_view name, Cover& cover);

/// How many of `all` lie in the span of time and the flushes of that cover, whatever the tiers and revisions.
size_t count_within(std::span<const Cover> all, const Cover& cover) noexcept;

/// What a crash left: the names of those whose cover lies within another's, which therefore holds all that they hold. Of equal
/// covers the one that comes last stays, so head segments are to be listed before partitions.
std::vector<std::string> obsolete(std::span<const NamedCover> all);

}  // namespace tarsier::samples
