// Runs a fuzz target without libFuzzer: every seed of a folder, then a fixed number of mutations of them, always the same ones. The
// suite uses it to keep every target alive and clean under the sanitizers; hours of fuzzing are done with libFuzzer (preset
// `fuzz`).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

std::vector<Bytes> read_seeds(const std::filesystem::path& folder) {
  std::vector<Bytes> seeds{{}};
  if (!std::filesystem::is_directory(folder)) return seeds;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& seeds) : seeds_(seeds) {}

  Bytes next() {
    Bytes bytes = pick(seeds_);
    const uint32_t changes = 1 + below(8);
    for (uint32_t i = 0; i < changes; ++i) change(bytes);
    return bytes;
  }

 private:
  uint32_t below(size_t bound) { return bound == 0 ? 0 : static_cast<uint32_t>(random_() % bound); }
  const Bytes& pick(const std::vector<Bytes>& from) { return from[below(from.size())]; }
  Bytes::iterator at(Bytes& bytes) { return bytes.begin() + below(bytes.size() + 1); }

  void change(Bytes& bytes) {
    static constexpr uint8_t kInteresting[] = {0,    1,   0x7f, 0x80, 0xff, '"', '\\', '{', '}',
                                               '\n', '%', '/',  '.',  '-',  '0', '9',  'e'};
    switch (below(6)) {
      case 0:
        if (!bytes.empty()) bytes[below(bytes.size())] ^= static_cast<uint8_t>(1U << below(8));
        break;
      case 1:
        if (!bytes.empty()) bytes[below(bytes.size())] = kInteresting[below(std::size(kInteresting))];
        break;
      case 2:
        bytes.insert(at(bytes), kInteresting[below(std::size(kInteresting))]);
        break;
      case 3:
        if (!bytes.empty()) bytes.resize(below(bytes.size()));
        break;
      case 4: {  // a piece of another seed
        const Bytes& other = pick(seeds_);
        const auto from = below(other.size() + 1);
        const auto size = below(std::min<size_t>(other.size() - from, 64) + 1);
        bytes.insert(at(bytes), other.begin() + from, other.begin() + from + size);
        break;
      }
      default: {  // a piece of itself again
        const auto from = below(bytes.size() + 1);
        const auto size = below(std::min<size_t>(bytes.size() - from, 32) + 1);
        const Bytes piece(bytes.begin() + from, bytes.begin() + from + size);
        bytes.insert(at(bytes), piece.begin(), piece.end());
      }
    }
  }
  const std::vector<Bytes>& seeds_;
  std::mt19937 random_{20261124};
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Bytes> seeds = read_seeds(argc > 1 ? argv[1] : "");
  for (const Bytes& seed : seeds) LLVMFuzzerTestOneInput(seed.data(), seed.size());
  const char* wanted = std::getenv("TARSIER_FUZZ_RUNS");
  const long runs = wanted != nullptr ? std::atol(wanted) : 5000;
  Mutator mutator(seeds);
  for (long i = 0; i < runs; ++i) {
    const Bytes input = mutator.next();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu seeds and %ld mutations: no failure\n", seeds.size(), runs);
  return 0;
}
