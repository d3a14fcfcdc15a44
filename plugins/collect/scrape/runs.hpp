// Runs: short sequences that stay where they are, side by side in the order in which they were added. Who goes through them in that
// order has them brought near by the processor, where each in a place of its own would cost a cache miss.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace tarsier::scrape {

template <class T>
class Runs {
 public:
  /// A copy; valid until clear().
  std::span<const T> add(std::span<const T> run) {
    if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < run.size()) {
      blocks_.emplace_back().reserve(std::max(next_block_, run.size()));
      next_block_ = std::min(next_block_ * 2, kLargestBlock);
    }
    std::vector<T>& block = blocks_.back();
    const size_t begin = block.size();
    block.insert(block.end(), run.begin(), run.end());
    return std::span(block).subspan(begin);
  }
  void clear() {
    blocks_.clear();
    next_block_ = kSmallestBlock;
  }

 private:
  static constexpr size_t kSmallestBlock = 512, kLargestBlock = 16'384;
  std::deque<std::vector<T>> blocks_;
  size_t next_block_ = kSmallestBlock;
};

}  // namespace tarsier::scrape
