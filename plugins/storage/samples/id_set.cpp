#include "id_set.hpp"

#include <new>
#include <utility>

namespace tarsier::samples {
namespace {

constexpr uint32_t kStep = 8;       // units by which room grows: with the head it then fills what malloc gives
constexpr uint32_t kRunAtOnce = 3;  // of so many a container is begun as runs

uint16_t low_of(uint32_t id) noexcept { return static_cast<uint16_t>(id); }

}  // namespace

IdSet::IdSet(const IdSet& other) : size_(other.size_) {
  if (other.room_ == 0) {
    std::copy_n(other.inline_, kInline, inline_);
    return;
  }
  grow(std::max(other.heap_->used, kStep));
  heap_->used = other.heap_->used;
  heap_->last = other.heap_->last;
  std::copy_n(other.heap_->units(), heap_->used, heap_->units());
}

IdSet::~IdSet() {
  if (room_ != 0) ::operator delete(heap_);
}

void IdSet::swap(IdSet& other) noexcept {
  std::swap(size_, other.size_);
  IdSet* holder = room_ != 0 ? this : &other;
  IdSet* small = room_ != 0 ? &other : this;
  if (small->room_ != 0) {
    std::swap(heap_, other.heap_);
  } else if (holder->room_ != 0) {
    Heap* heap = holder->heap_;
    std::copy_n(small->inline_, kInline, holder->inline_);
    small->heap_ = heap;
  } else {
    std::swap_ranges(inline_, inline_ + kInline, other.inline_);
  }
  std::swap(room_, other.room_);
}

IdSet IdSet::first(uint32_t count) {
  IdSet set;
  set.append_run(0, count);
  return set;
}

/// Room for at least so many units; what is there goes along.
void IdSet::grow(uint32_t room) {
  room = (room + kStep - 1) / kStep * kStep;
  auto* bigger = new (::operator new(sizeof(Heap) + room * sizeof(uint16_t))) Heap{0, 0};
  if (room_ != 0) {
    *bigger = *heap_;
    std::copy_n(heap_->units(), heap_->used, bigger->units());
    ::operator delete(heap_);
  }
  heap_ = bigger;
  room_ = room;
}

/// From the object itself to the heap.
void IdSet::spill() {
  const uint32_t count = size_;
  const std::array<uint32_t, kInline> ids = {inline_[0], inline_[1]};
  grow(kStep);
  size_ = 0;
  for (uint32_t i = 0; i < count; ++i) append(ids[i]);
}

void IdSet::append(uint32_t id) {
  if (room_ == 0) {
    if (size_ < kInline) {
      inline_[size_++] = id;
      return;
    }
    spill();
  }
  if (heap_->used != 0 && *last() == id >> 16) {
    append_low(low_of(id));
  } else {
    begin_container(id);
  }
  ++size_;
}

void IdSet::begin_container(uint32_t id) {
  if (heap_->used != 0) settle();
  make_room(Container::kHead + 1);
  heap_->last = heap_->used;
  uint16_t* container = last();
  container[0] = static_cast<uint16_t>(id >> 16);
  container[1] = 0;
  container[2] = Container::kArray;
  container[3] = low_of(id);
  heap_->used += Container::kHead + 1;
}

void IdSet::make_room(uint32_t units) {
  const uint32_t wanted = heap_->used + units;
  if (wanted > room_) grow(std::max(wanted, room_ + room_ / 4));
}

/// Puts the last container into its smallest form.
void IdSet::settle() {
  ContainerUnits smallest;
  const uint32_t units = pack_smallest(Container::at(last()), smallest);
  heap_->used = heap_->last;
  make_room(units);
  std::copy_n(smallest.data(), units, last());
  heap_->used += units;
}

/// To the last container, in the form that it has. Where that is used up, the form is looked at again: so it costs little for each
/// id.
void IdSet::append_low(uint16_t low) {
  uint16_t* container = last();
  uint16_t* data = container + Container::kHead;
  uint16_t& shape = container[2];
  if (shape == Container::kBitmap) {
    uint64_t word;
    std::memcpy(&word, data + low / 64 * 4, sizeof(word));
    word |= uint64_t{1} << (low % 64);
    std::memcpy(data + low / 64 * 4, &word, sizeof(word));
    ++container[1];
    return;
  }
  uint16_t* end = heap_->units() + heap_->used;
  if (shape != Container::kArray && uint32_t{end[-2]} + end[-1] + 1 == low) {
    ++end[-1];
    ++container[1];
    return;
  }
  const uint32_t units = shape == Container::kArray ? 1 : 2;
  const bool largest = static_cast<uint32_t>(end - data) + units > kBitmapUnits;
  if (largest || heap_->used + units > room_) {
    const uint32_t before = heap_->used;
    settle();
    // Only where it gains nothing or little is there more room to be had, or it would be looked at again and again.
    if (heap_->used + units > room_ || (!largest && (before - heap_->used) * 4 < room_ - heap_->last)) {
      grow(std::max(heap_->used + units, room_ + room_ / 4));
    }
    return append_low(low);
  }
  *end = low;
  if (shape != Container::kArray) {
    end[1] = 0;
    ++shape;
  }
  heap_->used += units;
  ++container[1];
}

/// Of a run what the last container takes at once; returns how many ids it were.
uint32_t IdSet::append_part(uint32_t first, uint32_t length) {
  const uint32_t low = low_of(first), part = std::min(length, kContainerIds - low);
  const bool fresh = heap_->used == 0 || *last() != first >> 16;
  append(first);  // makes the container, or the run
  if (fresh && part >= kRunAtOnce) {
    make_room(1);
    uint16_t* container = last();
    container[2] = 1;
    container[4] = 0;
    ++heap_->used;
  }
  uint16_t* container = last();
  if (part == 1 || container[2] == Container::kArray || container[2] == Container::kBitmap) return 1;
  heap_->units()[heap_->used - 1] = static_cast<uint16_t>(heap_->units()[heap_->used - 1] + part - 1);
  container[1] = static_cast<uint16_t>(container[1] + part - 1);
  size_ += part - 1;
  return part;
}

void IdSet::append_run(uint32_t first, uint32_t length) {
  while (length != 0) {
    if (room_ == 0 && size_ + length > kInline) spill();
    if (room_ == 0) {
      append(first++), --length;
      continue;
    }
    const uint32_t part = append_part(first, length);
    first += part;
    length -= part;
  }
}

void IdSet::append(const Container& container) {
  if (room_ == 0 && size_ + container.count <= kInline) {
    each_run(container, [&](uint32_t low, uint32_t high) {
      for (; low <= high; ++low) append(container.key << 16 | low);
    });
    return;
  }
  if (room_ == 0) spill();
  if (heap_->used != 0) settle();
  ContainerUnits smallest;
  const uint32_t units = pack_smallest(container, smallest);
  make_room(units);
  heap_->last = heap_->used;
  std::copy_n(smallest.data(), units, last());
  heap_->used += units;
  size_ += container.count;
}

void IdSet::clear() noexcept {
  size_ = 0;
  if (room_ != 0) heap_->used = heap_->last = 0;
}

size_t IdSet::memory_bytes() const noexcept { return room_ == 0 ? 0 : sizeof(Heap) + room_ * sizeof(uint16_t); }

uint32_t IdSet::next(uint32_t low) const noexcept {
  ContainerWalk walk(*this);
  walk.seek(low >> 16);
  if (!walk.done() && walk->key == low >> 16) {
    const uint32_t found = ContainerCursor(*walk).seek(low_of(low));
    if (found != kContainerIds) return walk->key << 16 | found;
    walk.next();
  }
  return walk.done() ? kNoId : walk->key << 16 | ContainerCursor(*walk).seek(0);
}

uint32_t IdSet::count_from(uint32_t low) const noexcept {
  uint32_t count = 0;
  ContainerWalk walk(*this);
  for (walk.seek(low >> 16); !walk.done(); walk.next()) {
    count += walk->count;
    if (walk->key != low >> 16) continue;
    each_run(*walk, [&](uint32_t first, uint32_t last) {
      if (first < low_of(low)) count -= std::min<uint32_t>(last + 1, low_of(low)) - first;
    });
  }
  return count;
}

ContainerWalk::ContainerWalk(const IdSet& set) noexcept {
  if (set.room_ != 0) {
    at_ = set.heap_->units();
    end_ = at_ + set.heap_->used;
  } else {
    uint16_t* end = room_.data();
    for (uint32_t i = 0; i < set.size_; ++i) {
      const uint32_t id = set.inline_[i];
      if (i == 1 && id >> 16 == set.inline_[0] >> 16) {
        room_[1] = 1;
        *end++ = low_of(id);
        break;
      }
      for (const uint16_t unit : {static_cast<uint16_t>(id >> 16), uint16_t{0}, Container::kArray, low_of(id)}) *end++ = unit;
    }
    at_ = room_.data();
    end_ = end;
  }
  if (!done()) container_ = Container::at(at_);
}

namespace {

void intersect(const Container& a, const Container& b, IdSet& out) {
  if (a.is_full()) return out.append(b);
  if (b.is_full()) return out.append(a);
  const bool a_is_array = a.form() == Container::Form::array, b_is_array = b.form() == Container::Form::array;
  if (!a_is_array && !b_is_array) {
    IdBits bits(a);
    bits.keep(b);
    if (const Container both = bits.view(a.key); both.count != 0) out.append(both);
    return;
  }
  const bool a_first = a_is_array && (!b_is_array || a.count <= b.count);
  const Container &few = a_first ? a : b, &many = a_first ? b : a;
  if (many.form() == Container::Form::runs && many.shape < few.count) {
    const uint16_t *at = few.data, *end = few.data + few.count;
    each_run(many, [&](uint32_t first, uint32_t last) {
      for (at = std::lower_bound(at, end, first); at != end && *at <= last; ++at) out.append(few.key << 16 | *at);
    });
    return;
  }
  ContainerCursor cursor(many);
  for (uint32_t i = 0; i < few.count; ++i) {
    const uint32_t found = cursor.seek(few.data[i]);
    if (found == kContainerIds) break;
    if (found == few.data[i]) out.append(few.key << 16 | found);
  }
}

void subtract(const Container& from, const Container& what, IdSet& out) {
  if (what.is_full()) return;
  if (from.form() != Container::Form::array) {
    IdBits bits(from);
    bits.remove(what);
    if (const Container rest = bits.view(from.key); rest.count != 0) out.append(rest);
    return;
  }
  ContainerCursor cursor(what);
  for (uint32_t i = 0; i < from.count; ++i) {
    if (cursor.seek(from.data[i]) != from.data[i]) out.append(from.key << 16 | from.data[i]);
  }
}

}  // namespace

IdSet intersect(const IdSet& a, const IdSet& b) {
  IdSet both;
  ContainerWalk left(a), right(b);
  while (!left.done()) {
    right.seek(left->key);
    if (right.done()) break;
    if (right->key != left->key) {
      left.seek(right->key);
      continue;
    }
    intersect(*left, *right, both);
    left.next();
  }
  return both;
}

IdSet subtract(const IdSet& from, const IdSet& what) {
  IdSet rest;
  ContainerWalk left(from), right(what);
  for (; !left.done(); left.next()) {
    right.seek(left->key);
    if (right.done() || right->key != left->key) {
      rest.append(*left);
    } else {
      subtract(*left, *right, rest);
    }
  }
  return rest;
}

bool meet(const IdSet& a, const IdSet& b) noexcept {
  ContainerWalk left(a), right(b);
  while (!left.done()) {
    right.seek(left->key);
    if (right.done()) return false;
    if (right->key == left->key) {
      if (meet(*left, *right)) return true;
      left.next();
    } else {
      left.seek(right->key);
    }
  }
  return false;
}

void IdUnion::add(const IdSet& set) {
  for (ContainerWalk walk(set); !walk.done(); walk.next()) {
    if (containers_.size() <= walk->key) containers_.resize(walk->key + size_t{1});
    auto& bits = containers_[walk->key];
    if (bits == nullptr) bits = std::make_unique<IdBits>();
    bits->add(*walk);
  }
}

IdSet IdUnion::take() {
  IdSet all;
  for (uint32_t key = 0; key < containers_.size(); ++key) {
    if (containers_[key] != nullptr) all.append(containers_[key]->view(key));
  }
  containers_.clear();
  return all;
}

}  // namespace tarsier::samples
