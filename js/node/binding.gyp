# What psm's pkg-config file says; PKG_CONFIG_PATH finds one elsewhere.
{
  'targets': [{
    'target_name': 'psm_crypto',
    'sources': [
      'src/addon.c',
      'src/calls.c',
      'src/engine.c',
      'src/ui.c',
      'src/values.c',
    ],
    'include_dirs': ['.'],
    'defines': ['_GNU_SOURCE', 'NAPI_VERSION=8'],
    'cflags!': ['-Wno-unused-parameter'],
    'cflags': [
      '-std=gnu11', '-Wall', '-Wextra', '-Wshadow', '-Wstrict-prototypes',
      '-Wmissing-prototypes', '-Wpointer-arith', '-Wwrite-strings',
      '-Wformat=2', '-Wvla', '-Wundef', '-fvisibility=hidden',
      '-fstack-protector-strong',
      '<!@(${PKG_CONFIG:-pkg-config} --cflags psm)',
    ],
    'libraries': ['<!@(${PKG_CONFIG:-pkg-config} --libs psm)'],
    'ldflags': ['-Wl,-z,relro', '-Wl,-z,now'],
  }],
}
