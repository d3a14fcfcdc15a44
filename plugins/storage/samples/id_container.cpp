#include "id_container.hpp"

namespace tarsier::samples {
namespace {

/// How many bits are set in all words of a bitmap. Sums of bytes, so that the compiler can do it for several words at once: not
/// every processor that this is built for has an instruction for it.
template <class Word>
uint32_t count_ones(Word&& word) noexcept {
  constexpr uint64_t k1 = 0x5555555555555555, k2 = 0x3333333333333333, k4 = 0x0f0f0f0f0f0f0f0f, k8 = 0x00ff00ff00ff00ff;
  constexpr uint32_t kAtOnce = 16;  // words; a byte then has 128 at most
  uint32_t count = 0;
  for (uint32_t begin = 0; begin < kBitmapWords; begin += kAtOnce) {
    uint64_t bytes = 0;
    for (uint32_t index = begin; index < begin + kAtOnce; ++index) {
      uint64_t ones = word(index);
      ones -= (ones >> 1) & k1;
      ones = (ones & k2) + ((ones >> 2) & k2);
      bytes += (ones + (ones >> 4)) & k4;
    }
    count += static_cast<uint32_t>(((bytes & k8) + ((bytes >> 8) & k8)) * 0x0001000100010001 >> 48);
  }
  return count;
}

}  // namespace

void IdBits::fill(uint32_t first, uint32_t last, bool value) noexcept {
  const uint32_t begin = first / 64, end = last / 64;
  const uint64_t from = ~uint64_t{0} << (first % 64), to = ~uint64_t{0} >> (63 - last % 64);
  const auto put = [&](uint32_t index, uint64_t mask) { words_[index] = value ? words_[index] | mask : words_[index] & ~mask; };
  if (begin == end) return put(begin, from & to);
  put(begin, from);
  std::fill(words_.begin() + begin + 1, words_.begin() + end, value ? ~uint64_t{0} : 0);
  put(end, to);
}

void IdBits::add(const Container& container) noexcept {
  if (container.form() == Container::Form::bitmap) {
    for (uint32_t i = 0; i < kBitmapWords; ++i) words_[i] |= container.word(i);
  } else if (container.form() == Container::Form::array) {
    for (uint32_t i = 0; i < container.count; ++i) words_[container.data[i] / 64] |= uint64_t{1} << (container.data[i] % 64);
  } else {
    each_run(container, [&](uint32_t first, uint32_t last) { fill(first, last, true); });
  }
}

void IdBits::remove(const Container& container) noexcept {
  if (container.form() == Container::Form::bitmap) {
    for (uint32_t i = 0; i < kBitmapWords; ++i) words_[i] &= ~container.word(i);
  } else if (container.form() == Container::Form::array) {
    for (uint32_t i = 0; i < container.count; ++i) words_[container.data[i] / 64] &= ~(uint64_t{1} << (container.data[i] % 64));
  } else {
    each_run(container, [&](uint32_t first, uint32_t last) { fill(first, last, false); });
  }
}

void IdBits::keep(const Container& container) noexcept {
  if (container.form() == Container::Form::bitmap) {
    for (uint32_t i = 0; i < kBitmapWords; ++i) words_[i] &= container.word(i);
    return;
  }
  uint32_t next = 0;  // what no run has taken yet
  each_run(container, [&](uint32_t first, uint32_t last) {
    if (first != next) fill(next, first - 1, false);
    next = last + 1;
  });
  if (next != kContainerIds) fill(next, kContainerIds - 1, false);
}

uint32_t IdBits::count() const noexcept {
  return count_ones([this](uint32_t index) { return words_[index]; });
}

Container IdBits::view(uint32_t key) const noexcept {
  return {key, count(), Container::kBitmap, reinterpret_cast<const uint16_t*>(words_.data())};
}

/// Near by one by one, farther away in growing steps.
uint32_t ContainerCursor::seek_array(uint32_t low) noexcept {
  const uint16_t *begin = container_.data + at_, *end = container_.data + container_.count;
  for (std::ptrdiff_t step = 1; begin != end && *begin < low; step *= 2) {
    if (end - begin <= step || begin[step] >= low) {
      begin = std::lower_bound(begin + 1, end - begin <= step ? end : begin + step, low);
      break;
    }
    begin += step;
  }
  at_ = static_cast<uint32_t>(begin - container_.data);
  return begin == end ? kContainerIds : *begin;
}

uint32_t ContainerCursor::seek_bitmap(uint32_t low) const noexcept {
  uint32_t index = low / 64;
  uint64_t word = container_.word(index) & (~uint64_t{0} << (low % 64));
  while (word == 0) {
    if (++index == kBitmapWords) return kContainerIds;
    word = container_.word(index);
  }
  return index * 64 + static_cast<uint32_t>(std::countr_zero(word));
}

uint32_t ContainerCursor::seek(uint32_t low) noexcept {
  if (low >= kContainerIds) return kContainerIds;
  switch (container_.form()) {
    case Container::Form::array:
      return seek_array(low);
    case Container::Form::bitmap:
      return seek_bitmap(low);
    case Container::Form::runs:
      while (at_ < container_.shape && container_.run_last(at_) < low) ++at_;
      return at_ == container_.shape ? kContainerIds : std::max(low, container_.run_first(at_));
  }
  return kContainerIds;
}

namespace {

uint32_t count_runs(const Container& container) noexcept {
  if (container.form() == Container::Form::runs) return container.shape;
  uint32_t runs = 0;
  if (container.form() == Container::Form::array) {
    for (uint32_t i = 0; i < container.count; ++i) runs += i == 0 || container.data[i] != container.data[i - 1] + 1U ? 1U : 0U;
    return runs;
  }
  return count_ones([&](uint32_t index) {
    const uint64_t word = container.word(index), before = index == 0 ? 0 : container.word(index - 1) >> 63;
    return word & ~(word << 1 | before);
  });
}

}  // namespace

uint32_t pack_smallest(const Container& container, ContainerUnits& out) noexcept {
  const uint32_t runs = count_runs(container);
  const uint32_t smallest = std::min({container.count, 2 * runs, kBitmapUnits});
  out[0] = static_cast<uint16_t>(container.key);
  out[1] = static_cast<uint16_t>(container.count - 1);
  uint16_t* data = out.data() + Container::kHead;
  if (smallest == kBitmapUnits) {
    out[2] = Container::kBitmap;
    const IdBits bits(container);
    std::memcpy(data, bits.words(), kBitmapUnits * sizeof(uint16_t));
  } else if (smallest == container.count) {
    out[2] = Container::kArray;
    each_run(container, [&](uint32_t first, uint32_t last) {
      for (uint32_t id = first; id <= last; ++id) *data++ = static_cast<uint16_t>(id);
    });
  } else {
    out[2] = static_cast<uint16_t>(runs);
    each_run(container, [&](uint32_t first, uint32_t last) {
      *data++ = static_cast<uint16_t>(first);
      *data++ = static_cast<uint16_t>(last - first);
    });
  }
  return Container::kHead + smallest;
}

bool meet(const Container& a, const Container& b) noexcept {
  if (a.is_full() || b.is_full()) return true;
  if (a.form() == Container::Form::bitmap && b.form() == Container::Form::bitmap) {
    for (uint32_t i = 0; i < kBitmapWords; ++i) {
      if ((a.word(i) & b.word(i)) != 0) return true;
    }
    return false;
  }
  ContainerCursor left(a), right(b);
  for (uint32_t low = left.seek(0); low < kContainerIds; low = left.seek(low)) {
    const uint32_t other = right.seek(low);
    if (other == low) return true;
    low = other;
  }
  return false;
}

}  // namespace tarsier::samples
