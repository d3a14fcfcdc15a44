#include "core/loader/elf_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tarsier::loader {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr const char* kMachineName = "aarch64";
#else
#error "this machine's ELF number is not known here"
#endif

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxNoteBytes = uint64_t{1} << 20;  // in all

Error changed(const std::string& path) { return Error::unavailable(path + ": is being written: it changed while it was read"); }

Result<std::string> read_at(int fd, uint64_t offset, uint64_t size, const std::string& path) {
  std::string bytes(size, '\0');
  for (uint64_t done = 0; done < size;) {
    const ssize_t got = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error(TARSIER_UNAVAILABLE, path + ": cannot be read: " + std::strerror(errno));
    if (got == 0) return changed(path);
    done += static_cast<uint64_t>(got);
  }
  return bytes;
}

/// Zero beyond the end.
template <class T>
T at(std::string_view bytes, uint64_t offset) noexcept {
  T out{};
  if (offset <= bytes.size() && sizeof(T) <= bytes.size() - offset) std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return out;
}

std::string text_at(std::string_view texts, uint64_t offset) {
  if (offset >= texts.size()) return {};
  texts.remove_prefix(offset);
  return std::string(texts.substr(0, texts.find('\0')));
}

std::string class_name(unsigned char elf_class) {
  if (elf_class == ELFCLASS32) return "a 32-bit";
  return "an unknown class (" + std::to_string(elf_class) + ") of";
}

}  // namespace

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ElfFile> ElfFile::open(const std::string& path) {
  OpenFile opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO is refused, not waited for
  if (opened.get() < 0) {
    return Error(errno == ENOENT ? TARSIER_NOT_FOUND : TARSIER_UNAVAILABLE, path + ": cannot be opened: " + std::strerror(errno));
  }
  auto identity = identify(opened.get(), path);
  if (!identity) return std::move(identity).error();
  if (identity->size > kMaxFileBytes) return Error::invalid(path + ": larger than 1 GiB: no plugin file");
  ElfFile file(path, *identity, std::move(opened), {});
  if (auto read = file.read_header(); !read) return std::move(read).error();
  return file;
}

Result<ElfFile> ElfFile::parse(std::string path, std::string content) {
  FileIdentity identity;
  identity.size = content.size();
  ElfFile file(std::move(path), identity, OpenFile(), std::move(content));
  if (auto read = file.read_header(); !read) return std::move(read).error();
  return file;
}

Result<void> ElfFile::unchanged() const {
  auto now = identify(file_.get(), path_);
  if (!now) return std::move(now).error();
  if (*now != identity_) return changed(path_);
  return {};
}

Result<std::string> ElfFile::read(uint64_t offset, uint64_t size, const std::string& what) const {
  if (!holds(offset, size)) return cut_off(what);
  if (file_.get() < 0) return content_.substr(offset, size);
  auto bytes = read_at(file_.get(), offset, size, path_);
  if (!bytes) return bytes;
  if (auto same = unchanged(); !same) return std::move(same).error();
  return bytes;
}

Error ElfFile::cut_off(const std::string& what) const {
  return Error(TARSIER_CORRUPT, path_ + ": the file is cut off or damaged: " + what + " lies beyond its " +
                                    std::to_string(identity_.size) + " bytes");
}

Result<void> ElfFile::read_header() {
  if (identity_.size == 0) return Error::invalid(path_ + ": the file is empty");
  auto bytes = read(0, std::min<uint64_t>(identity_.size, sizeof(Elf64_Ehdr)), "the ELF header");
  if (!bytes) return std::move(bytes).error();
  if (bytes->size() < SELFMAG || std::memcmp(bytes->data(), ELFMAG, SELFMAG) != 0) {
    return Error::invalid(path_ + ": not an ELF file (it begins with other bytes than \\x7fELF)");
  }
  if (bytes->size() < sizeof(Elf64_Ehdr)) return cut_off("the ELF header");
  const auto header = at<Elf64_Ehdr>(*bytes, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) {
    return Error::invalid(path_ + ": " + class_name(header.e_ident[EI_CLASS]) + " ELF file; this host loads 64-bit ones");
  }
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) return Error::invalid(path_ + ": a big-endian ELF file; this host is little-endian");
  if (header.e_machine != kMachine) {
    return Error::invalid(path_ + ": built for another machine (ELF number " + std::to_string(header.e_machine) +
                          "); this host is " + kMachineName);
  }
  if (header.e_type != ET_DYN)
    return Error::invalid(path_ + ": not a shared object (ELF type " + std::to_string(header.e_type) + ")");
  if (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr)) return Error::invalid(path_ + ": damaged program headers");
  if (header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr)) return Error::invalid(path_ + ": damaged section headers");
  if (auto read = read_segments(header.e_phoff, header.e_phnum); !read) return read;
  return read_sections(header.e_shoff, header.e_shnum, header.e_shstrndx);
}

Result<void> ElfFile::read_segments(uint64_t offset, uint64_t count) {
  auto bytes = read(offset, count * sizeof(Elf64_Phdr), "the table of program headers");
  if (!bytes) return std::move(bytes).error();
  for (uint64_t i = 0; i < count; ++i) {
    const auto header = at<Elf64_Phdr>(*bytes, i * sizeof(Elf64_Phdr));
    if (header.p_filesz != 0 && (header.p_type == PT_LOAD || header.p_type == PT_NOTE || header.p_type == PT_DYNAMIC) &&
        !holds(header.p_offset, header.p_filesz)) {
      return cut_off("segment " + std::to_string(i));
    }
    segments_.push_back({header.p_type, header.p_offset, header.p_filesz});
  }
  return {};
}

Result<void> ElfFile::read_sections(uint64_t offset, uint64_t count, uint64_t names) {
  auto bytes = read(offset, count * sizeof(Elf64_Shdr), "the table of section headers");
  if (!bytes) return std::move(bytes).error();
  std::vector<uint32_t> name_offsets;
  for (uint64_t i = 0; i < count; ++i) {
    const auto header = at<Elf64_Shdr>(*bytes, i * sizeof(Elf64_Shdr));
    if (header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL && !holds(header.sh_offset, header.sh_size)) {
      return cut_off("section " + std::to_string(i));
    }
    sections_.push_back({{}, header.sh_type, header.sh_link, header.sh_offset, header.sh_size});
    name_offsets.push_back(header.sh_name);
  }
  auto texts = this->texts(names);  // without names: the program headers must do
  if (!texts) return std::move(texts).error();
  for (size_t i = 0; i < sections_.size(); ++i) sections_[i].name = text_at(*texts, name_offsets[i]);
  return {};
}

Result<std::string> ElfFile::texts(uint64_t section) const {
  if (section >= sections_.size() || sections_[section].type != SHT_STRTAB) return std::string();
  return read(sections_[section].offset, sections_[section].size, "section " + std::to_string(section));
}

const ElfFile::Section* ElfFile::find(uint32_t type) const noexcept {
  for (const Section& section : sections_) {
    if (section.type == type) return &section;
  }
  return nullptr;
}

Result<std::string> ElfFile::note(const std::string& section, const std::string& owner, uint32_t type) const {
  std::vector<std::pair<uint64_t, uint64_t>> places;
  for (const Section& candidate : sections_) {
    if (candidate.name == section && candidate.type != SHT_NOBITS) places.emplace_back(candidate.offset, candidate.size);
  }
  for (const Segment& segment : segments_) {
    if (segment.type == PT_NOTE) places.emplace_back(segment.offset, segment.size);
  }
  uint64_t total = 0;
  for (const auto& [offset, size] : places) {
    if (size > kMaxNoteBytes - total) return Error(TARSIER_CORRUPT, path_ + ": has more than 1 MiB of notes: no plugin file");
    total += size;
    auto bytes = read(offset, size, "a note");
    if (!bytes) return std::move(bytes).error();
    uint64_t position = 0;
    while (size - position >= sizeof(Elf64_Nhdr)) {
      const auto header = at<Elf64_Nhdr>(*bytes, position);
      const uint64_t name_at = position + sizeof(Elf64_Nhdr);
      const uint64_t desc_at = name_at + ((uint64_t{header.n_namesz} + 3) & ~uint64_t{3});
      if (desc_at > size || header.n_descsz > size - desc_at) break;
      const std::string name = text_at(std::string_view(*bytes).substr(0, name_at + header.n_namesz), name_at);
      if (name == owner && header.n_type == type) return bytes->substr(desc_at, header.n_descsz);
      const uint64_t next = desc_at + ((uint64_t{header.n_descsz} + 3) & ~uint64_t{3});
      if (next > size) break;
      position = next;
    }
  }
  return Error::not_found(path_ + ": has no " + section + " note: not a tarsier plugin");
}

Result<DynamicSymbols> ElfFile::dynamic_symbols() const {
  const Section* table = find(SHT_DYNSYM);
  if (table == nullptr || table->link >= sections_.size()) return Error::invalid(path_ + ": has no dynamic symbol table");
  auto bytes = read(table->offset, table->size, "the dynamic symbol table");
  if (!bytes) return std::move(bytes).error();
  auto texts = this->texts(table->link);
  if (!texts) return std::move(texts).error();
  DynamicSymbols symbols;
  for (uint64_t i = 1; i < table->size / sizeof(Elf64_Sym); ++i) {
    const auto symbol = at<Elf64_Sym>(*bytes, i * sizeof(Elf64_Sym));
    const unsigned bind = ELF64_ST_BIND(symbol.st_info);
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || bind == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL) continue;
    std::string name = text_at(*texts, symbol.st_name);
    if (bind == STB_GNU_UNIQUE) symbols.unique.push_back(name);
    symbols.exported.push_back(std::move(name));
  }
  return symbols;
}

template <class Wanted>
Result<std::vector<std::string>> ElfFile::dynamic_strings(Wanted wanted) const {
  const Section* table = find(SHT_DYNAMIC);
  if (table == nullptr || table->link >= sections_.size()) return Error::invalid(path_ + ": has no dynamic section");
  auto bytes = read(table->offset, table->size, "the dynamic section");
  if (!bytes) return std::move(bytes).error();
  auto texts = this->texts(table->link);
  if (!texts) return std::move(texts).error();
  std::vector<std::string> strings;
  for (uint64_t i = 0; i < table->size / sizeof(Elf64_Dyn); ++i) {
    const auto entry = at<Elf64_Dyn>(*bytes, i * sizeof(Elf64_Dyn));
    if (entry.d_tag == DT_NULL) break;
    if (wanted(entry.d_tag)) strings.push_back(text_at(*texts, entry.d_un.d_val));
  }
  return strings;
}

Result<std::vector<std::string>> ElfFile::needed() const {
  return dynamic_strings([](int64_t tag) { return tag == DT_NEEDED; });
}

bool ElfFile::looks_around_itself() const {
  const auto paths = dynamic_strings([](int64_t tag) { return tag == DT_RUNPATH || tag == DT_RPATH; });
  const auto has_origin = [](const std::string& path) { return path.find("ORIGIN") != std::string::npos; };
  return paths.ok() && std::any_of(paths->begin(), paths->end(), has_origin);
}

}  // namespace tarsier::loader
