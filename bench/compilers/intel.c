/*
 * intel — an LD_PRELOAD library that shows one Intel GPU which is not there, so far as Mesa's ANV looks at it while it opens a device
 * and compiles. driver.c stands in front of ANV; RADV needs no such thing, since RADV_FORCE_FAMILY does it.
 *
 * environment
 *   WITNESS_INTEL   PCI device id, e.g. 0x46a6 (Alder Lake P), 0x9a49 (Tiger Lake)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xf86drm.h>
#include <i915_drm.h>

#define NODE "/dev/dri/renderD128"
static int device_id(void) { return (int)strtol(getenv("WITNESS_INTEL") ?: "0x46a6", NULL, 0); }
static int node = -1;
static uint64_t next_handle = 1, next_offset = 0, sizes[1 << 20];
static uint64_t offsets[1 << 20];

static drmDevice the_device;
static drmPciBusInfo bus = {.domain = 0, .bus = 0, .dev = 2, .func = 0};
static drmPciDeviceInfo pci;
static char *nodes[DRM_NODE_MAX] = {"/dev/dri/card0", NULL, NODE};
static drmDevicePtr show(void) {
  pci = (drmPciDeviceInfo){.vendor_id = 0x8086, .device_id = (uint16_t)device_id(), .revision_id = 4};
  the_device = (drmDevice){.nodes = nodes, .available_nodes = 1 << DRM_NODE_PRIMARY | 1 << DRM_NODE_RENDER, .bustype = DRM_BUS_PCI,
                           .businfo.pci = &bus, .deviceinfo.pci = &pci};
  return &the_device;
}
int drmGetDevices2(uint32_t flags, drmDevicePtr devices[], int most) {
  (void)flags;
  if (devices && most > 0) devices[0] = show();
  return 1;
}
int drmGetDevice2(int fd, uint32_t flags, drmDevicePtr *device) { (void)fd, (void)flags; *device = show(); return 0; }
void drmFreeDevices(drmDevicePtr devices[], int count) { (void)devices, (void)count; }
void drmFreeDevice(drmDevicePtr *device) { *device = NULL; }
static drmVersion version = {.version_major = 1, .version_minor = 6, .name_len = 4, .name = "i915", .date = "", .desc = ""};
drmVersionPtr drmGetVersion(int fd) { (void)fd; return &version; }
void drmFreeVersion(drmVersionPtr v) { (void)v; }
int drmGetCap(int fd, uint64_t what, uint64_t *value) { (void)fd, (void)what; *value = 1; return 0; }
int drmSyncobjCreate(int fd, uint32_t flags, uint32_t *handle) { (void)fd, (void)flags; *handle = 1; return 0; }
int drmSyncobjDestroy(int fd, uint32_t handle) { (void)fd, (void)handle; return 0; }
int drmSyncobjWait(int fd, uint32_t *h, unsigned n, int64_t t, unsigned f, uint32_t *first) { (void)fd, (void)h, (void)n, (void)t, (void)f, (void)first; return 0; }
int drmSyncobjTimelineWait(int fd, uint32_t *h, uint64_t *p, unsigned n, int64_t t, unsigned f, uint32_t *first) { (void)fd, (void)h, (void)p, (void)n, (void)t, (void)f, (void)first; return 0; }
int drmSyncobjReset(int fd, const uint32_t *h, uint32_t n) { (void)fd, (void)h, (void)n; return 0; }
int drmSyncobjSignal(int fd, const uint32_t *h, uint32_t n) { (void)fd, (void)h, (void)n; return 0; }

static int opened(void) {
  int fd = memfd_create("witness", MFD_CLOEXEC);
  if (ftruncate(fd, 1ll << 40)) perror("witness");
  if (node < 0) node = fd;
  return fd;
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
static int is_node(const char *path) { return !strncmp(path, "/dev/dri/", 9); }
int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = va_arg(list, mode_t);
  va_end(list);
  return is_node(path) ? opened() : REAL(open64)(path, flags, mode);
}
int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = va_arg(list, mode_t);
  va_end(list);
  return is_node(path) ? opened() : REAL(open)(path, flags, mode);
}
int stat64(const char *path, struct stat64 *s) {
  if (!is_node(path)) return REAL(stat64)(path, s);
  memset(s, 0, sizeof *s);
  s->st_mode = S_IFCHR, s->st_rdev = makedev(226, 128);
  return 0;
}
int stat(const char *path, struct stat *s) { return stat64(path, (struct stat64 *)s); }

/* one slice of SUBSLICES with 16 units each */
#define SUBSLICES 6
static void topology(struct drm_i915_query_item *item) {
  struct { struct drm_i915_query_topology_info head; uint8_t slices, subslices, units[SUBSLICES][2]; } t = {
      .head = {.max_slices = 1, .max_subslices = SUBSLICES, .max_eus_per_subslice = 16, .subslice_offset = 1, .subslice_stride = 1, .eu_offset = 2, .eu_stride = 2},
      .slices = 1, .subslices = (1 << SUBSLICES) - 1};
  memset(t.units, 0xff, sizeof t.units);
  if (item->length > 0) memcpy((void *)(uintptr_t)item->data_ptr, &t, sizeof t);
  item->length = sizeof t;
}

static int answer(unsigned long request, void *data) {
  switch (request) {
  case DRM_IOCTL_I915_GETPARAM: {
    struct drm_i915_getparam *p = data;
    switch (p->param) {
    case I915_PARAM_CHIPSET_ID: *p->value = device_id(); break;
    case I915_PARAM_REVISION: *p->value = 4; break;
    case I915_PARAM_CS_TIMESTAMP_FREQUENCY: *p->value = 19200000; break;
    case I915_PARAM_SUBSLICE_TOTAL: *p->value = 6; break;
    case I915_PARAM_EU_TOTAL: *p->value = 96; break;
    case I915_PARAM_SLICE_MASK: *p->value = 1; break;
    case I915_PARAM_SUBSLICE_MASK: *p->value = 0x3f; break;
    case I915_PARAM_MMAP_GTT_VERSION: *p->value = 4; break;
    default: *p->value = 1;
    }
    return 0;
  }
  case DRM_IOCTL_I915_GEM_CREATE: {
    struct drm_i915_gem_create *c = data;
    sizes[c->handle = (uint32_t)next_handle++] = c->size;
    return 0;
  }
  case DRM_IOCTL_I915_GEM_CREATE_EXT: {
    struct drm_i915_gem_create_ext *c = data;
    sizes[c->handle = (uint32_t)next_handle++] = c->size;
    return 0;
  }
  case DRM_IOCTL_I915_GEM_USERPTR: ((struct drm_i915_gem_userptr *)data)->handle = (uint32_t)next_handle++; return 0;
  case DRM_IOCTL_I915_GEM_MMAP_OFFSET: {
    struct drm_i915_gem_mmap_offset *m = data;
    if (!offsets[m->handle]) offsets[m->handle] = next_offset + 1, next_offset += (sizes[m->handle] + 65535) & ~65535ull;
    m->offset = offsets[m->handle] - 1;
    return 0;
  }
  case DRM_IOCTL_I915_GEM_CONTEXT_CREATE: ((struct drm_i915_gem_context_create *)data)->ctx_id = 1; return 0;
  case DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT: ((struct drm_i915_gem_context_create_ext *)data)->ctx_id = 1; return 0;
  case DRM_IOCTL_I915_GEM_VM_CREATE: ((struct drm_i915_gem_vm_control *)data)->vm_id = 1; return 0;
  case DRM_IOCTL_I915_GEM_CONTEXT_GETPARAM: {
    struct drm_i915_gem_context_param *p = data;
    p->value = p->param == I915_CONTEXT_PARAM_GTT_SIZE ? 1ull << 48 : p->param == I915_CONTEXT_PARAM_VM ? 1 : 0;
    return 0;
  }
  case DRM_IOCTL_I915_GEM_GET_APERTURE: {
    struct drm_i915_gem_get_aperture *g = data;
    g->aper_size = g->aper_available_size = 1ull << 34;
    return 0;
  }
  case DRM_IOCTL_I915_QUERY: {
    struct drm_i915_query *q = data;
    struct drm_i915_query_item *items = (void *)(uintptr_t)q->items_ptr;
    for (uint32_t i = 0; i < q->num_items; i++) {
      if (items[i].query_id == DRM_I915_QUERY_TOPOLOGY_INFO) topology(&items[i]);
      else items[i].length = -EINVAL;
    }
    return 0;
  }
  default: return 0;
  }
}
int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *data = va_arg(list, void *);
  va_end(list);
  if (_IOC_TYPE(request) == DRM_IOCTL_BASE) return answer(request, data);
  return REAL(ioctl)(fd, request, data);
}
int drmIoctl(int fd, unsigned long request, void *data) { return ioctl(fd, request, data); }
