// Partition: the sealed samples of one span of time, an environment of its own that never changes. Here are its tables and its head
// data; partition_writer makes one, partition_index and partition_samples read it. docs/storage.md describes the bytes.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"
#include "sealed_file.hpp"

namespace tarsier::samples {

inline constexpr std::string_view kInfoTable = "info";          // two keys:
inline constexpr std::string_view kInfoKey = "info";            //   PartitionInfo
inline constexpr std::string_view kGroupsKey = "groups";        //   first series of each group
inline constexpr std::string_view kSymbolsTable = "symbols";    // first symbol -> texts, ascending
inline constexpr std::string_view kPostingsTable = "postings";  // name, first value -> values with their series
inline constexpr std::string_view kSeriesTable = "series";      // first series -> label sets
inline constexpr std::string_view kChunksTable = "chunks";      // first series of the group, slot of time -> block of samples

/// Of a tier only, with the keys of chunks: what the summaries of a block have besides time and value.
inline constexpr std::array<std::string_view, 5> kSummaryTables = {"counts", "sums", "mins", "maxs", "drops"};

struct LabelName {
  uint32_t symbol = 0;
  uint32_t values = 0;  // how many it has
};

struct PartitionInfo {
  Cover cover;
  int64_t slot_ns = 0;  // the span of a block of samples
  int64_t min_time = 0;
  int64_t max_time = 0;
  uint64_t series = 0;
  uint64_t samples = 0;
  uint64_t symbols = 0;
  uint64_t label_pairs = 0;
  uint64_t blocks = 0;
  std::vector<LabelName> names;  // ascending

  void encode(std::vector<uint8_t>& out) const;
  static Result<PartitionInfo> decode(std::span<const uint8_t> bytes);
};

/// Series in ascending order of their numbers are cut into groups; each slot of time has a block for each group.
void encode_groups(std::span<const uint32_t> firsts, std::vector<uint8_t>& out);
Result<std::vector<uint32_t>> decode_groups(std::span<const uint8_t> bytes, uint64_t series);

/// One open partition.
class Partition final : public SealedFile {
 public:
  static Result<std::shared_ptr<Partition>> open(const Host& host, const std::string& name);
  Partition(const Host& host, std::string name) : SealedFile(host, std::move(name)) {}

  const PartitionInfo& info() const noexcept { return info_; }
  /// First series of each group, ascending; the first is 0.
  std::span<const uint32_t> groups() const noexcept { return groups_; }

 private:
  Result<void> read_head();

  PartitionInfo info_;
  std::vector<uint32_t> groups_;
};

/// In the order in which they were sealed: of two samples with the same time the one of the earlier partition counts.
using Partitions = std::vector<std::shared_ptr<Partition>>;

/// Opens a partition that was just written. When it cannot be read it is removed: at the next start nothing may take the place of
/// what it was made of.
Result<std::shared_ptr<Partition>> open_made(const Host& host, const std::string& name);

inline std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace tarsier::samples
