// LeastSymbols: of the symbols that it is given those that come first, each once. Its memory is bounded by how many are wanted, not
// by how many come.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace tarsier::samples {

template <class Less>
class LeastSymbols {
 public:
  /// `most` 0: all are wanted.
  LeastSymbols(uint64_t most, Less less) : most_(most), less_(std::move(less)), room_(most + kSlack) {}

  /// False when as many as are wanted come before it.
  bool add(uint32_t symbol) {
    if (full_ && !less_(symbol, symbols_[most_ - 1])) return false;
    symbols_.push_back(symbol);
    if (most_ != 0 && symbols_.size() >= room_) cut();
    return true;
  }
  /// Ascending.
  std::vector<uint32_t> take() {
    cut();
    return std::move(symbols_);
  }

 private:
  static constexpr uint64_t kSlack = 1024;  // so that they are not sorted for each that comes

  void cut() {
    std::sort(symbols_.begin(), symbols_.end(), less_);
    symbols_.erase(std::unique(symbols_.begin(), symbols_.end()), symbols_.end());
    full_ = most_ != 0 && symbols_.size() >= most_;
    if (full_) symbols_.resize(most_);
    room_ = symbols_.size() + std::max<uint64_t>(symbols_.size(), kSlack);
  }

  const uint64_t most_;
  const Less less_;
  uint64_t room_;
  bool full_ = false;
  std::vector<uint32_t> symbols_;  // once it is full, the first most_ are ascending
};

}  // namespace tarsier::samples
