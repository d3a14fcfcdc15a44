// Container: up to 65,536 ids that share their upper 16 bits, in the smallest of three forms: an array of their lower bits, runs of
// consecutive ones, or a bitmap. An IdSet is a row of them; here are one container and what is done with it alone.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tarsier::samples {

inline constexpr uint32_t kContainerIds = 65'536;
inline constexpr uint32_t kBitmapWords = kContainerIds / 64;
inline constexpr uint32_t kBitmapUnits = kContainerIds / 16;  // also what no form takes more than

/// A view. In memory a container is a row of 16-bit units: key, number of ids less one, shape, then its data.
struct Container {
  enum class Form : uint8_t { array, runs, bitmap };
  static constexpr uint32_t kHead = 3;  // units
  static constexpr uint16_t kArray = 0;
  static constexpr uint16_t kBitmap = UINT16_MAX;

  uint32_t key = 0;
  uint32_t count = 0;
  uint16_t shape = kArray;  // kArray, kBitmap, or the number of runs
  const uint16_t* data =
      nullptr;  // array: lower bits, ascending; runs: first and number of ids less one, each; bitmap: 64-bit words

  static Container at(const uint16_t* units) noexcept { return {units[0], units[1] + 1U, units[2], units + kHead}; }
  Form form() const noexcept { return shape == kArray ? Form::array : shape == kBitmap ? Form::bitmap : Form::runs; }
  bool is_full() const noexcept { return count == kContainerIds; }
  /// Of the data.
  uint32_t units() const noexcept { return shape == kArray ? count : shape == kBitmap ? kBitmapUnits : 2U * shape; }
  uint64_t word(uint32_t index) const noexcept {
    uint64_t word;
    std::memcpy(&word, data + 4 * size_t{index}, sizeof(word));
    return word;
  }
  uint32_t run_first(uint32_t run) const noexcept { return data[size_t{2} * run]; }
  uint32_t run_last(uint32_t run) const noexcept { return data[size_t{2} * run] + uint32_t{data[size_t{2} * run + 1]}; }
};

/// Calls use(first, last) for each run of consecutive ids, whatever the form; ids are 0 .. 65,535.
template <class Use>
void each_run(const Container& container, Use&& use) {
  switch (container.form()) {
    case Container::Form::array:
      for (uint32_t i = 0; i < container.count;) {
        const uint32_t first = container.data[i];
        uint32_t last = first;
        for (++i; i < container.count && container.data[i] == last + 1; ++i) ++last;
        use(first, last);
      }
      break;
    case Container::Form::runs:
      for (uint32_t run = 0; run < container.shape; ++run) use(container.run_first(run), container.run_last(run));
      break;
    case Container::Form::bitmap: {
      uint32_t open = kContainerIds;  // where the run began that reaches the end of the word before
      for (uint32_t index = 0; index < kBitmapWords; ++index) {
        const uint64_t word = container.word(index);
        const uint32_t base = index * 64;
        for (uint32_t bit = 0; bit < 64;) {
          const bool is_open = open != kContainerIds;
          const uint64_t rest = (is_open ? ~word : word) >> bit;
          if (rest == 0) break;
          bit += static_cast<uint32_t>(std::countr_zero(rest));
          if (is_open) use(open, base + bit - 1);
          open = is_open ? kContainerIds : base + bit;
        }
      }
      if (open != kContainerIds) use(open, kContainerIds - 1);
      break;
    }
  }
}

/// The ids of one container as bits: what the operations work in where both sides have many.
class IdBits {
 public:
  IdBits() noexcept { words_.fill(0); }
  explicit IdBits(const Container& container) noexcept : IdBits() { add(container); }

  void add(const Container& container) noexcept;
  void remove(const Container& container) noexcept;
  void keep(const Container& container) noexcept;
  void set_word(uint32_t index, uint64_t word) noexcept { words_[index] = word; }
  uint32_t count() const noexcept;
  const uint64_t* words() const noexcept { return words_.data(); }
  /// Valid while these bits stay; at least one is set.
  Container view(uint32_t key) const noexcept;

 private:
  void fill(uint32_t first, uint32_t last, bool value) noexcept;
  std::array<uint64_t, kBitmapWords> words_;
};

/// Steps through one container.
class ContainerCursor {
 public:
  explicit ContainerCursor(const Container& container) noexcept : container_(container) {}
  /// The first id that is not below `low`; kContainerIds when there is none. `low` never falls from call to call.
  uint32_t seek(uint32_t low) noexcept;

 private:
  uint32_t seek_array(uint32_t low) noexcept;
  uint32_t seek_bitmap(uint32_t low) const noexcept;
  Container container_;
  uint32_t at_ = 0;  // in an array or among runs: what lies before it is below what was sought
};

/// Room for a container in whatever form.
using ContainerUnits = std::array<uint16_t, Container::kHead + kBitmapUnits>;

/// Writes the container in its smallest form; returns the number of units.
uint32_t pack_smallest(const Container& container, ContainerUnits& out) noexcept;

/// Whether they have an id in common; the keys are not looked at.
bool meet(const Container& a, const Container& b) noexcept;

}  // namespace tarsier::samples
