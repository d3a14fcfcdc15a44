// filesystem: space and inodes of each mount, from /proc/1/mounts and statfs(2).
#include <array>
#include <set>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/collectors/statfs_prober.hpp"
#include "plugins/collect/node/fields.hpp"
#include "plugins/collect/node/filter.hpp"

namespace tarsier::node {
namespace {

constexpr std::chrono::milliseconds kPatience{500};

struct Mount {
  std::string device, point, type, options;
};

/// "\040" and the like are how blanks, tabs, line breaks and backslashes stand in the file.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Filesystems whose statfs asks another machine or another process.
bool may_hang(std::string_view type) {
  static constexpr std::array<std::string_view, 12> kRemote = {"nfs",       "nfs4", "cifs", "smb3",   "smbfs", "ceph",
                                                               "glusterfs", "afs",  "9p",   "lustre", "ncpfs", "virtiofs"};
  if (type.starts_with("fuse")) return true;
  return std::find(kRemote.begin(), kRemote.end(), type) != kRemote.end();
}

bool is_read_only(std::string_view options) {
  while (!options.empty()) {
    const size_t comma = options.find(',');
    if (options.substr(0, comma) == "ro") return true;
    options.remove_prefix(comma == std::string_view::npos ? options.size() : comma + 1);
  }
  return false;
}

class Filesystem final : public Collector {
 public:
  Filesystem(const Settings& settings, Filter points, Filter types)
      : mounts_of_init_(settings.procfs + "/1/mounts"),
        own_mounts_(settings.procfs + "/self/mounts"),
        root_(settings.rootfs == "/" ? "" : settings.rootfs),
        points_(std::move(points)),
        types_(std::move(types)) {}

  Result<void> collect(Round& round) override {
    auto text = mounts_of_init_.read(round.buffer);
    if (!text) text = own_mounts_.read(round.buffer);  // another user's process 1 is not readable
    if (!text) return std::move(text).error();
    read_mounts(*text);
    make_families(round.page);
    for (const Mount& mount : mounts_) add(round.page, mount);
    return {};
  }
  bool idle() const override { return prober_.idle(); }

 private:
  /// Parsed again only when the table changed.
  void read_mounts(std::string_view text) {
    if (text == last_text_) return;
    last_text_ = text;
    mounts_.clear();
    std::set<std::string> seen;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      Mount mount;
      mount.device = unescape(take_word(line));
      mount.point = strip_root(unescape(take_word(line)));
      mount.type = take_word(line);
      mount.options = take_word(line);
      if (mount.point.empty() || points_.matches(mount.point) || types_.matches(mount.type)) continue;
      if (seen.insert(std::string(mount.device).append("\n").append(mount.point).append("\n").append(mount.type)).second)
        mounts_.push_back(std::move(mount));
    }
  }

  /// Mount points are told as the host sees them, also when its root is mounted somewhere below ours.
  std::string strip_root(std::string point) const {
    if (root_.empty() || !point.starts_with(root_)) return point;
    point.erase(0, root_.size());
    return point.empty() ? "/" : point;
  }

  void make_families(Page& page) {
    if (!families_.empty()) return;
    const auto make = [&](std::string_view name, std::string_view help) {
      families_.push_back(
          page.family({"node_filesystem_" + std::string(name), help, TARSIER_SERIES_GAUGE, {"device", "fstype", "mountpoint"}}));
    };
    make("device_error", "Whether an error occurred while getting statistics for the given device.");
    make("readonly", "Filesystem read-only status.");
    make("size_bytes", "Filesystem size in bytes.");
    make("free_bytes", "Filesystem free space in bytes.");
    make("avail_bytes", "Filesystem space available to non-root users in bytes.");
    make("files", "Filesystem total file nodes.");
    make("files_free", "Filesystem total free file nodes.");
  }

  void add(Page& page, const Mount& mount) {
    struct statvfs status{};
    const std::string path = root_ + mount.point;
    const bool good = may_hang(mount.type) ? prober_.probe(path, kPatience, status) == StatfsProber::Outcome::done
                                           : ::statvfs(path.c_str(), &status) == 0;
    const auto put = [&](size_t family, double value) {
      page.add(families_[family], {mount.device, mount.type, mount.point}, value);
    };
    put(0, good ? 0 : 1);
    put(1, is_read_only(mount.options) ? 1 : 0);
    if (!good) return;
    const auto block = static_cast<double>(status.f_frsize);
    put(2, static_cast<double>(status.f_blocks) * block);
    put(3, static_cast<double>(status.f_bfree) * block);
    put(4, static_cast<double>(status.f_bavail) * block);
    put(5, static_cast<double>(status.f_files));
    put(6, static_cast<double>(status.f_ffree));
  }

  KeptFile mounts_of_init_, own_mounts_;
  std::string root_;
  Filter points_, types_;
  std::string last_text_;
  std::vector<Mount> mounts_;
  std::vector<Page::FamilyId> families_;
  StatfsProber prober_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_filesystem(const Settings& settings) {
  auto points = Filter::open(settings.mount_points_exclude);
  if (!points) return std::move(points).error();
  auto types = Filter::open(settings.fs_types_exclude);
  if (!types) return std::move(types).error();
  return std::unique_ptr<Collector>(new Filesystem(settings, std::move(*points), std::move(*types)));
}

}  // namespace tarsier::node
