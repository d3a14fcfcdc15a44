// IdSet: a set of ids of series, compressed: containers of 65,536 ids each (id_container.hpp), one behind the other in one piece of
// memory. Up to two ids lie in the object itself, since most values of most labels belong to one series. What is made of sets comes
// out in ascending order, so ids are only ever put at the end.
#pragma once

#include <iterator>
#include <memory>
#include <vector>

#include "id_container.hpp"

namespace tarsier::samples {

inline constexpr uint32_t kNoId = UINT32_MAX;

class IdSet {
 public:
  class Iterator;

  IdSet() noexcept = default;
  IdSet(const IdSet& other);
  IdSet(IdSet&& other) noexcept { swap(other); }
  IdSet& operator=(IdSet other) noexcept {
    swap(other);
    return *this;
  }
  ~IdSet();
  /// 0 .. count - 1.
  static IdSet first(uint32_t count);

  /// Greater than all that are there, as everything that is appended. kNoId is no id.
  void append(uint32_t id);
  void append_run(uint32_t first, uint32_t length);
  /// Its key is greater than that of any id that is there; it may lie in another set, and is put into its smallest form.
  void append(const Container& container);
  /// Keeps its memory.
  void clear() noexcept;

  uint32_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  bool contains(uint32_t id) const noexcept { return next(id) == id; }
  /// The first id that is not below `low`, or kNoId.
  uint32_t next(uint32_t low) const noexcept;
  /// How many are not below `low`.
  uint32_t count_from(uint32_t low) const noexcept;
  Iterator begin() const noexcept;
  std::default_sentinel_t end() const noexcept { return {}; }
  /// Besides the object itself.
  size_t memory_bytes() const noexcept;

 private:
  friend class ContainerWalk;
  static constexpr uint32_t kInline = 2;
  struct Heap {
    uint32_t used;  // units
    uint32_t last;  // where the last container begins
    uint16_t* units() noexcept { return reinterpret_cast<uint16_t*>(this + 1); }
  };

  void swap(IdSet& other) noexcept;
  uint16_t* last() noexcept { return heap_->units() + heap_->last; }
  void grow(uint32_t room);
  void spill();
  void begin_container(uint32_t id);
  void settle();
  void make_room(uint32_t units);
  void append_low(uint16_t low);
  uint32_t append_part(uint32_t first, uint32_t length);

  uint32_t size_ = 0;
  uint32_t room_ = 0;  // units on the heap; 0: inline
  union {
    uint32_t inline_[kInline] = {0, 0};
    Heap* heap_;
  };
};
static_assert(sizeof(IdSet) == 16);

/// The containers of a set, one after the other. The set stays as it is meanwhile.
class ContainerWalk {
 public:
  explicit ContainerWalk(const IdSet& set) noexcept;
  ContainerWalk(const ContainerWalk&) = delete;
  ContainerWalk& operator=(const ContainerWalk&) = delete;

  bool done() const noexcept { return at_ == end_; }
  const Container& operator*() const noexcept { return container_; }
  const Container* operator->() const noexcept { return &container_; }
  void next() noexcept {
    at_ += Container::kHead + container_.units();
    if (!done()) container_ = Container::at(at_);
  }
  /// To the first whose key is not below.
  void seek(uint32_t key) noexcept {
    while (!done() && container_.key < key) next();
  }

 private:
  const uint16_t* at_;
  const uint16_t* end_;
  Container container_;
  std::array<uint16_t, size_t{2} * (Container::kHead + 1)> room_;  // of ids that lie in the object
};

class IdSet::Iterator {
 public:
  using difference_type = ptrdiff_t;
  using value_type = uint32_t;

  explicit Iterator(const IdSet& set) noexcept : walk_(set), cursor_(*walk_) {
    if (!walk_.done()) low_ = cursor_.seek(0);
  }
  uint32_t operator*() const noexcept { return walk_->key << 16 | low_; }
  Iterator& operator++() noexcept {
    low_ = cursor_.seek(low_ + 1);
    if (low_ != kContainerIds) return *this;
    walk_.next();
    if (walk_.done()) return *this;
    cursor_ = ContainerCursor(*walk_);
    low_ = cursor_.seek(0);
    return *this;
  }
  bool operator==(std::default_sentinel_t) const noexcept { return walk_.done(); }

 private:
  ContainerWalk walk_;
  ContainerCursor cursor_;
  uint32_t low_ = 0;
};
inline IdSet::Iterator IdSet::begin() const noexcept { return Iterator(*this); }

IdSet intersect(const IdSet& a, const IdSet& b);
IdSet subtract(const IdSet& from, const IdSet& what);
/// Whether they have an id in common.
bool meet(const IdSet& a, const IdSet& b) noexcept;

/// Many sets become one.
class IdUnion {
 public:
  void add(const IdSet& set);
  /// Leaves it empty.
  IdSet take();

 private:
  std::vector<std::unique_ptr<IdBits>> containers_;  // by key
};

}  // namespace tarsier::samples
