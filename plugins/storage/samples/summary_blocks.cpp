#include "summary_blocks.hpp"

#include <algorithm>

namespace tarsier::samples {
namespace {

/// In the order of kSummaryTables.
constexpr std::array<double Summary::*, kSummaryColumns> kMembers = {&Summary::count, &Summary::sum, &Summary::min, &Summary::max,
                                                                     &Summary::drop};

/// What a column that is left out says.
Summary plain(double value) noexcept { return {.count = 1, .sum = value, .min = value, .max = value, .drop = 0}; }

bool same_bits(double a, double b) noexcept { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

}  // namespace

void SummaryBlocksBuilder::add(const Columns& series) {
  for (size_t column = 0; column < kSummaryColumns; ++column) {
    column_.clear();
    bool any = false;
    for (size_t row = 0; row < series.size(); ++row) {
      const double number = series.summaries[row].*kMembers[column];
      any = any || !same_bits(number, plain(series.values[row]).*kMembers[column]);
      column_.times.push_back(static_cast<int64_t>(row));
      column_.values.push_back(number);
    }
    if (!any) column_.clear();
    blocks_[column].add(column_);
  }
}

size_t SummaryBlocksBuilder::size_bytes() const noexcept {
  size_t most = 0;
  for (const SampleBlockBuilder& block : blocks_) most = std::max(most, block.size_bytes());
  return most;
}

Result<void> SummaryBlocks::open(const Snapshot& snapshot, std::string_view key, Unpacker& unpacker) {
  for (size_t column = 0; column < kSummaryColumns; ++column) {
    auto value = snapshot.get(kSummaryTables[column], key);
    if (!value && value.error().code() == TARSIER_NOT_FOUND)
      return Error{TARSIER_CORRUPT, "a block of " + std::string(kSummaryTables[column]) + " is missing"};
    if (!value) return std::move(value).error();
    if (auto opened = open(column, as_bytes(*value), unpacker); !opened) return opened;
  }
  return {};
}

Result<void> SummaryBlocks::read(size_t index, SampleBlock::Rows rows, Columns& out) {
  if (rows.first == rows.last) return {};
  const size_t count = rows.last - rows.first, before = out.size() - count;
  out.fill_summaries(before);
  for (size_t row = before; row < out.size(); ++row) out.summaries.push_back(plain(out.values[row]));
  for (size_t column = 0; column < kSummaryColumns; ++column) {
    column_.clear();
    const auto first = static_cast<int64_t>(rows.first), last = static_cast<int64_t>(rows.last) - 1;
    if (auto read = blocks_[column].read(index, first, last, column_); !read) return read;
    if (column_.empty()) continue;
    if (column_.size() != count)
      return Error{TARSIER_CORRUPT, "a column of " + std::string(kSummaryTables[column]) + " is too short"};
    for (size_t row = 0; row < count; ++row) out.summaries[before + row].*kMembers[column] = column_.values[row];
  }
  return {};
}

}  // namespace tarsier::samples
