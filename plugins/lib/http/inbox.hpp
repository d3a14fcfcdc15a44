// Inbox: what came over a connection and is not parsed yet. Reads go straight into its memory, which is neither cleared nor moved
// while one is under way.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace tarsier::net {

class Inbox {
 public:
  std::string_view view() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }

  /// Where the next `size` bytes go; valid until the next call of this.
  std::span<char> room(size_t size) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < size) make_room(size);
    return {memory_.get() + end_, size};
  }
  /// So many of them came.
  void add(size_t size) noexcept { end_ += size; }
  /// The first ones are done with.
  void drop(size_t size) noexcept { begin_ += size; }
  void clear() noexcept { begin_ = end_; }

 private:
  void make_room(size_t size) {
    const size_t kept = end_ - begin_;
    if (capacity_ < kept + size) {
      const size_t capacity = kept == 0 ? size : 2 * (kept + size);
      auto grown = std::make_unique_for_overwrite<char[]>(capacity);
      if (kept != 0) std::memcpy(grown.get(), memory_.get() + begin_, kept);
      memory_ = std::move(grown);
      capacity_ = capacity;
    } else {
      std::memmove(memory_.get(), memory_.get() + begin_, kept);
    }
    begin_ = 0;
    end_ = kept;
  }

  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace tarsier::net
